"""Turn a trial into what its page shows: the texts with every finding in place, and a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.exchange import Action
from app.marks import Mark, Segment, segments
from app.trial import Measured, Trial
from filters import Range, Stage

EXCERPT_CHARS = 120
MOST_FINDINGS = 200
"""Rows in the list; in the text all are marked."""


@dataclass(frozen=True, slots=True)
class FindingView:
    """One range of one filter."""

    id: str
    kind: str
    note: str
    """Why the chain did nothing about it; empty where it did."""
    label: str
    score: float
    where: str
    parts: list[Segment]
    replacement: list[Segment] | None


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One filter of the stage."""

    id: str
    filter: str
    mode: str
    action: str | None
    """None: the chain did not ask it."""
    score: float
    threshold: float
    label: str
    error: str | None
    milliseconds: float


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A range in one of the texts: 0 is the text itself, then come the passages."""

    text: int
    measured: Measured
    found: Range


def trial_view(trial: Trial) -> dict[str, Any]:
    """Return what the template of a trial needs."""
    tried = trial.tried
    texts = [tried.text, *(passage.text for passage in tried.passages)]
    stretches = list(_stretches(trial, texts))
    marks = [_marks(stretches, index) for index in range(len(texts))]
    for index, mark in _evidence(trial):
        if index + 1 < len(texts):
            marks[index + 1].append(mark)
    return {
        "trial": trial,
        "judged": segments(tried.text, marks[0]),
        "passages": [segments(*one) for one in zip(texts[1:], marks[1:], strict=True)],
        "released": segments(trial.released, ()) if trial.outcome == "rewritten" else None,
        "found_passages": [
            (segments(f"{p.source} · {p.title}", ()), segments(p.text, ()))
            for p in trial.passages_found
        ],
        "findings": [_finding(one, texts[one.text]) for one in stretches[:MOST_FINDINGS]],
        "num_findings": len(stretches),
        "verdicts": [_verdict(one) for one in trial.measured],
        "flagged": [
            one.instance.id
            for one in trial.measured
            if one.action is Action.FLAG and one.instance.enforces
        ],
    }


def _stretches(trial: Trial, texts: Sequence[str]) -> Iterable[_Stretch]:
    """Yield every range in the text that it lies in, in positions of that text."""
    starts = [0]
    if trial.tried.stage is Stage.INPUT:
        starts += trial.tried.passage_starts
    found = [
        (one, measured)
        for measured in trial.measured
        for one in (measured.alone.ranges if measured.alone else ())
    ]
    for one, measured in sorted(found, key=lambda pair: (pair[0].start, pair[0].end)):
        text = max(index for index, start in enumerate(starts) if start <= one.start)
        start, end = one.start - starts[text], one.end - starts[text]
        if end <= len(texts[text]):
            yield _Stretch(text, measured, replace(one, start=start, end=end))


def _marks(stretches: Iterable[_Stretch], text: int) -> list[Mark]:
    return [
        Mark(
            one.found.start,
            one.found.end,
            _kind(one),
            f"{one.measured.instance.id}: {one.found.label} {one.found.score:.3f}",
        )
        for one in stretches
        if one.text == text
    ]


def _evidence(trial: Trial) -> Iterable[tuple[int, Mark]]:
    if trial.tried.stage is Stage.RETRIEVAL:
        return  # there it points at the text itself, and the chain does not heed it
    for measured in trial.measured:
        for piece in measured.alone.evidence if measured.alone else ():
            title = f"{measured.instance.id}: {piece.label}"
            yield piece.passage, Mark(piece.start, piece.end, "evidence", title)


def _kind(one: _Stretch) -> str:
    """Return the action that the filter stands for, or `below` where the range is no reason."""
    entry, alone = one.measured.instance.entry, one.measured.alone
    if alone is None or alone.score < entry.threshold:
        return "below"
    reached = any(found.score >= entry.threshold for found in alone.ranges)
    return entry.action if one.found.score >= entry.threshold or not reached else "below"


def _note(one: _Stretch, kind: str) -> str:
    """Say why the chain did not act on a range, if it did not."""
    if kind == "below":
        return "below the threshold"
    if one.measured.action is None:
        return "the chain did not ask it"
    if one.measured.action is Action.ALLOW:
        return "gone before the chain asked it"
    return ""


def _finding(one: _Stretch, text: str) -> FindingView:
    found = one.found
    excerpt = text[found.start : found.end]
    if len(excerpt) > EXCERPT_CHARS:
        excerpt = excerpt[: EXCERPT_CHARS - 1] + "…"
    place, kind = f"{found.start} to {found.end}", _kind(one)
    return FindingView(
        id=one.measured.instance.id,
        kind=kind,
        note=_note(one, kind),
        label=found.label,
        score=found.score,
        where=f"passage {one.text}, {place}" if one.text else place,
        parts=segments(excerpt, ()),
        replacement=None if found.replacement is None else segments(found.replacement, ()),
    )


def _verdict(one: Measured) -> VerdictView:
    entry, alone = one.instance.entry, one.alone
    in_chain = one.in_chain
    return VerdictView(
        id=entry.id,
        filter=entry.filter,
        mode=entry.mode,
        action=one.action,
        score=alone.score if alone else 0.0,
        threshold=entry.threshold,
        label=alone.label if alone else "",
        error=in_chain.error if in_chain else alone.error if alone else None,
        milliseconds=alone.duration_ms if alone else 0.0,
    )
