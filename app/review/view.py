"""Turn an exchange into what its page shows: texts cut at their marks, plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from app.exchange import SEPARATOR, Action, Exchange, Outcome, Verdict
from app.marks import Mark, Segment, segments
from app.review.timeline import timeline
from app.store.query import ExchangeSummary, VerdictSummary
from filters import Stage


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message of the prompt."""

    role: str
    parts: list[Segment]


@dataclass(frozen=True, slots=True)
class PassageView:
    """One passage, with what was cited and what filters took as evidence."""

    source: list[Segment]
    parts: list[Segment]
    is_cited: bool


@dataclass(frozen=True, slots=True)
class ChipView:
    """One verdict in the list."""

    id: str
    action: str
    is_shadow: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """One line of the list."""

    url: str
    created_at: Any
    outcome: str
    prompt: list[Segment]
    completion: list[Segment]
    verdicts: list[ChipView]
    total_ms: float


def row_view(row: ExchangeSummary) -> RowView:
    """Return a line of the list."""
    return RowView(
        url=f"/review/exchanges/{row.id}",
        created_at=row.created_at,
        outcome=row.outcome,
        prompt=segments(row.prompt or "", ()),
        completion=segments(row.completion or "", ()),
        verdicts=[_chip(verdict) for verdict in row.verdicts],
        total_ms=row.total_ms or 0.0,
    )


def exchange_view(exchange: Exchange) -> dict[str, Any]:
    """Return what the template of one exchange needs beside the exchange itself."""
    differs = exchange.completion != exchange.generated or exchange.outcome is Outcome.BLOCKED
    marks = _found(exchange.verdicts, Stage.OUTPUT)
    return {
        "messages": _messages(exchange),
        "released": segments(exchange.completion, ()) if differs else None,
        "written": segments(exchange.generated, marks),
        "passages": _passages(exchange),
        "bars": timeline(exchange.timings_ms),
        "facts": _facts(exchange),
    }


def _messages(exchange: Exchange) -> list[MessageView]:
    marks = _found(exchange.verdicts, Stage.INPUT)
    views, at = [], 0
    for message in exchange.messages:
        moved = [_moved(mark, at) for mark in marks]
        views.append(MessageView(message.role, segments(message.content, moved)))
        at += len(message.content) + len(SEPARATOR)
    return views


def _moved(mark: Mark, start: int) -> Mark:
    return replace(mark, start=mark.start - start, end=mark.end - start)


def _found(verdicts: Iterable[Verdict], *stages: Stage) -> list[Mark]:
    return [
        Mark(found.start, found.end, verdict.action, f"{verdict.id}: {found.label}")
        for verdict in verdicts
        if verdict.stage in stages and verdict.action is not Action.ALLOW
        for found in verdict.ranges
    ]


def _passages(exchange: Exchange) -> list[PassageView]:
    found = _found(exchange.verdicts, Stage.INPUT, Stage.RETRIEVAL)
    marks = [[_moved(mark, start) for mark in found] for start in exchange.passage_starts]
    for verdict in exchange.verdicts:
        for piece in verdict.evidence:
            if piece.passage < len(marks):
                title = f"{verdict.id}: {piece.label}"
                marks[piece.passage].append(Mark(piece.start, piece.end, "evidence", title))
    for cited in exchange.citations:
        if cited.passage < len(marks):
            marks[cited.passage] += [
                Mark(cited.start, cited.end, "cited", "cited"),
                Mark(cited.answer_start, cited.answer_end, "answer", "answer"),
            ]
    cited_passages = {cited.passage for cited in exchange.citations}
    return [
        PassageView(
            source=segments(" · ".join(filter(None, (passage.source, passage.title))), ()),
            parts=segments(passage.text, marks[index]),
            is_cited=index in cited_passages,
        )
        for index, passage in enumerate(exchange.passages)
    ]


def _facts(exchange: Exchange) -> list[tuple[str, list[Segment]]]:
    values = {
        "User": exchange.user,
        "Session": exchange.session,
        "Key": str(exchange.key_id) if exchange.key_id else None,
        "Parameters": _json(exchange.parameters),
        "Metadata": _json(exchange.metadata),
    }
    return [(title, segments(value, ())) for title, value in values.items() if value]


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else None


def _chip(verdict: VerdictSummary) -> ChipView:
    return ChipView(verdict.id, verdict.action, verdict.mode == "shadow")
