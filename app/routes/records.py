"""Exchanges as reviewers get them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self
from uuid import UUID

from app.exchange import Action, Exchange, FinishReason, Mode, Outcome
from app.routes.answers import CitationAnswer, UsageAnswer, VerdictAnswer
from app.routes.fields import Answer
from app.store.query import ExchangeSummary
from filters import Stage


class VerdictItem(Answer):
    """A verdict that was not `allow`."""

    id: str
    stage: Stage
    action: Action
    mode: Mode
    label: str
    score: float


class ExchangeItem(Answer):
    """An exchange in a list."""

    id: UUID
    created_at: dt.datetime
    model: str
    model_version: str
    outcome: Outcome
    finish_reason: FinishReason
    error_code: str | None
    user: str | None
    session: str | None
    total_ms: float | None
    prompt: str | None
    """Its beginning; null past its retention."""
    completion: str | None
    """Its beginning; null past its retention."""
    verdicts: list[VerdictItem]

    @classmethod
    def of(cls, summary: ExchangeSummary) -> Self:
        """Return what the list shows of an exchange."""
        return cls.model_validate(summary)


class ExchangePage(Answer):
    """Some exchanges, newest first."""

    items: list[ExchangeItem]
    next: UUID | None
    """Give it as `before` for the page with older exchanges; null on the last one."""
    previous: UUID | None
    """Give it as `after` for the page with newer exchanges; null on the first one."""


class MessageRecord(Answer):
    """One message of the request."""

    role: str
    content: str


class PassageRecord(Answer):
    """A passage that the model answered from."""

    id: str
    source: str
    title: str
    text: str
    score: float


class EditRecord(Answer):
    """A stretch that a filter replaced."""

    start: int
    end: int
    replacement: str


class EvidenceRecord(Answer):
    """The stretch of a passage that supports or contradicts a part of the text."""

    passage: int
    start: int
    end: int
    label: str
    score: float


class VerdictRecord(VerdictAnswer):
    """Everything about a verdict."""

    evidence: list[EvidenceRecord]
    scores: dict[str, float]


class ExchangeRecord(Answer):
    """Everything about one exchange. Without messages its text is past its retention."""

    id: UUID
    created_at: dt.datetime
    model: str
    model_version: str
    outcome: Outcome
    finish_reason: FinishReason
    error_code: str | None
    user: str | None
    session: str | None
    key_id: UUID | None
    """The API key that was used."""
    parameters: dict[str, Any]
    metadata: dict[str, Any]
    messages: list[MessageRecord]
    passages: list[PassageRecord]
    generated: str
    """What the model wrote, also when none of it was released."""
    completion: str
    """What was released to the client."""
    prompt_edits: list[EditRecord]
    """Positions count in the messages' contents and the passages, joined by two line breaks."""
    completion_edits: list[EditRecord]
    """Positions count in `generated`."""
    citations: list[CitationAnswer]
    verdicts: list[VerdictRecord]
    usage: UsageAnswer
    timings: dict[str, float]

    @classmethod
    def of(cls, exchange: Exchange) -> Self:
        """Return everything about an exchange."""
        plain = {
            name: getattr(exchange, name)
            for name in cls.model_fields
            if name not in {"citations", "verdicts", "usage", "timings"}
        }
        return cls.model_validate(
            {
                **plain,
                "citations": [
                    CitationAnswer.of(citation, exchange.passages, with_text=True)
                    for citation in exchange.citations
                    if citation.passage < len(exchange.passages)
                ],
                "verdicts": [VerdictRecord.of(verdict) for verdict in exchange.verdicts],
                "usage": UsageAnswer.of(exchange.usage),
                "timings": exchange.timings_ms,
            },
            from_attributes=True,
        )
