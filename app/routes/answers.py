"""The answer of `POST /infer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from app.engine import TokenLogprob
from app.exchange import (
    Action,
    Citation,
    Exchange,
    FinishReason,
    Mode,
    Outcome,
    Usage,
    Verdict,
)
from app.routes.fields import Answer
from app.routes.token_answers import TokenAnswer, token_answers
from filters import Passage, Stage


class CitationAnswer(Answer):
    """Where the answer stands in a passage. Positions count characters (Unicode code points)."""

    source: str
    """Name or path of the source."""
    title: str
    """Heading the passage stands under."""
    sentence: str
    """The sentence of the passage that carries the answer; empty if a filter changed the answer or the
    passage."""
    answer: str
    """The exact answer inside the sentence; empty likewise."""
    start: int
    """Where the sentence begins in the passage."""
    end: int
    answer_start: int
    """Where the exact answer begins in the passage."""
    answer_end: int
    passage: int
    """Index of the passage: those of the request, else those that were found for it."""
    passage_id: str

    @classmethod
    def of(cls, citation: Citation, passages: Sequence[Passage], *, with_text: bool) -> Self:
        """Fill in the texts that the citation points at."""
        passage = passages[citation.passage]
        sentence = passage.text[citation.start : citation.end]
        answer = passage.text[citation.answer_start : citation.answer_end]
        return cls(
            source=citation.source,
            title=citation.title,
            sentence=sentence if with_text else "",
            answer=answer if with_text else "",
            start=citation.start,
            end=citation.end,
            answer_start=citation.answer_start,
            answer_end=citation.answer_end,
            passage=citation.passage,
            passage_id=passage.id,
        )


class RangeAnswer(Answer):
    """A labelled stretch of text."""

    start: int
    """In the prompt as it was sent and, behind it, the passages of the request, all joined by empty
    lines; or in the text as the model wrote it."""
    end: int
    label: str
    score: float


class VerdictAnswer(Answer):
    """What the chain made of one filter's measurement."""

    id: str
    """The instance's id in the chain."""
    filter: str
    version: str
    stage: Stage
    action: Action
    """`error` says that the filter broke, nothing about the text."""
    mode: Mode
    """A `shadow` verdict was measured only and had no effect."""
    score: float
    """0 is harmless; higher is worse."""
    threshold: float
    label: str
    ranges: list[RangeAnswer]
    duration_ms: float
    error: str | None
    """For the action `error`: what went wrong."""

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Return what may be seen of a verdict."""
        shown = cls.model_validate(verdict)
        return shown.model_copy(update={"duration_ms": round(verdict.duration_ms, 3)})


class UsageAnswer(Answer):
    """Tokens the model read and wrote."""

    prompt_tokens: int
    completion_tokens: int

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """Return the token counts."""
        return cls.model_validate(usage)


class InferResponse(Answer):
    """A guarded answer."""

    id: UUID
    """The exchange, as reviewers find it under `/exchanges/{id}`."""
    model: str
    model_version: str
    outcome: Outcome
    """`blocked` is an answer too: a filter found the prompt or the completion unfit."""
    completion: str
    """The text that every filter let pass; when blocked, what was released before."""
    finish_reason: FinishReason
    """`no_answer`: the sources do not hold an answer, and the completion says so."""
    citations: list[CitationAnswer]
    verdicts: list[VerdictAnswer]
    usage: UsageAnswer
    logprobs: list[TokenAnswer] | None = None
    """The tokens of the completion, if they were asked for; none if a filter changed anything."""
    timings: dict[str, float] = Field(examples=[{"total": 41.2, "model": 24.8}])
    """Milliseconds by stage."""

    @classmethod
    def of(cls, exchange: Exchange, tokens: Sequence[TokenLogprob] = ()) -> Self:
        """Return the answer of a finished exchange.

        Args:
            exchange: finished.
            tokens: what the model wrote, whether or not it was released.
        """
        return cls(
            id=exchange.id,
            model=exchange.model,
            model_version=exchange.model_version,
            outcome=exchange.outcome,
            completion=exchange.released,
            finish_reason=exchange.finish_reason,
            citations=_citations(exchange),
            verdicts=[VerdictAnswer.of(v) for v in exchange.verdicts],
            usage=UsageAnswer.of(exchange.usage),
            logprobs=token_answers(exchange, tokens),
            timings={name: round(ms, 3) for name, ms in exchange.timings_ms.items()},
        )


def _citations(exchange: Exchange) -> list[CitationAnswer]:
    """Return what may be cited: a citation must not give away what a filter took out."""
    if exchange.outcome is Outcome.BLOCKED:
        return []
    return [
        CitationAnswer.of(citation, exchange.passages, with_text=_is_unchanged(exchange, citation))
        for citation in exchange.citations
    ]


def _is_unchanged(exchange: Exchange, citation: Citation) -> bool:
    """Whether no filter changed the completion or the passage."""
    start = exchange.passage_starts[citation.passage]
    end = start + len(exchange.passages[citation.passage].text)
    edits = exchange.prompt_edits
    return not exchange.completion_edits and not any(start <= edit.start < end for edit in edits)


class ErrorAnswer(Answer):
    """What went wrong."""

    message: str
    """For people; never repeats anything of the request."""
    type: str
    """The family of the error."""
    param: str | None
    """The part of the request that is wrong, where it is one."""
    code: str
    """Stable, for programs."""


class ErrorResponse(Answer):
    """Every error has this shape."""

    error: ErrorAnswer


def error_docs(
    *statuses: int, model: type[ErrorResponse] = ErrorResponse
) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of errors with these statuses and this shape."""
    return {status: {"model": model, "description": _MEANINGS[status]} for status in statuses}


_MEANINGS = {
    400: "The request cannot be understood or is out of bounds.",
    401: "No API key, or an unknown, expired or revoked one.",
    403: "The API key lacks the scope.",
    404: "What the request names does not exist.",
    408: "The body, or the whole request, took too long.",
    409: "It cannot be done as things are; the message says why.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8.",
    422: "The request cannot be understood or is out of bounds.",
    500: "The server or the model failed.",
    503: "A bound is reached, something is down, or the server is shutting down.",
    504: "The request took too long.",
}
