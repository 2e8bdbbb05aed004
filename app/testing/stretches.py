"""The rules about what the chain does with ranges: rewriting, and streams."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.chain.placeholders import PlaceholderBook
from app.exchange import Edit, Verdict
from app.settings import ChainEntry
from app.testing.comparing import equal_verdicts
from app.testing.judging import Subject, demand, judge
from filters import Context, Filter, Finding, Item, Range

THRESHOLD = 0.5
LONGEST_STREAM = 1_500


async def rewriting_is_idempotent(subject: Subject) -> None:
    """A text that was rewritten is not rewritten again."""
    unit = subject.filter.unit
    for item in subject.items:
        if unit.kind == "window" and len(item.text) >= unit.size:
            continue  # what touches its end is left to the next one, which is not here
        once = _rewritten(subject, item.text, await judge(subject, item))
        if once == item.text or not once.strip():
            continue
        again = replace(item, text=once)
        twice = _rewritten(subject, once, await judge(subject, again))
        demand(
            once == twice,
            f"rewriting again gives another text: {once[:80]!r}, then {twice[:80]!r}",
            "give the ranges a `replacement`, or a label, that the filter does not find again",
            item,
        )


async def streams_equal_the_whole(subject: Subject) -> None:
    """In whatever pieces a text arrives, the same comes out and the same is said about it."""
    for context, text in _streams(subject):
        for action in ("rewrite", "block"):
            whole = await _through(subject, context, [text], action)
            for pieces in _chunkings(text):
                arrived = await _through(subject, context, pieces, action)
                demand(
                    _same(whole, arrived),
                    f"a text in {len(pieces)} pieces is judged otherwise than as a whole "
                    f"(action {action}): {arrived[1]}, not {whole[1]}",
                    "judge each unit by itself: keep nothing by request, context or task, do not "
                    "skip a unit while another one is judged, and leave `self.unit` as it is",
                    Item(text, context),
                )


Arrived = tuple[str, tuple[Verdict, ...], tuple[Edit, ...]]


async def _through(
    subject: Subject, context: Context, pieces: list[str], action: Literal["rewrite", "block"]
) -> Arrived:
    entry = ChainEntry(
        id="tested",
        filter="tested",
        stage=context.stage,
        action=action,
        threshold=THRESHOLD,
        deadline_ms=subject.deadline_s * 1_000,
    )
    stage = Chain([Instance(entry, _Tested(subject.filter))]).stage(context.stage)
    run, released = stage.text(context), ""
    for piece in pieces:
        released += await run.feed(piece)
    released += await run.feed("", last=True)
    return released, tuple(stage.verdicts), stage.edits


class _Tested(Filter):
    """Stands in the chain for a filter whose `setup` is done already."""

    def __init__(self, tested: Filter) -> None:
        super().__init__(tested.options)
        self._tested = tested
        self.unit = tested.unit
        self.placeholders = tested.placeholders

    async def check(self, item: Item) -> Finding | None:
        """Let the filter judge."""
        return await self._tested.check(item)


def _same(one: Arrived, other: Arrived) -> bool:
    verdicts = len(one[1]) == len(other[1]) and all(map(equal_verdicts, one[1], other[1]))
    return one[0] == other[0] and verdicts and one[2] == other[2]


def _streams(subject: Subject) -> Iterator[tuple[Context, str]]:
    """Yield a long text for each stage, which begins with the author's examples."""
    for stage in sorted(subject.filter.stages):
        items = [item for item in subject.items if item.context.stage is stage]
        joined = " ".join(item.text for item in items)
        yield items[0].context, joined[:LONGEST_STREAM]


def _chunkings(text: str) -> Iterator[list[str]]:
    yield list(text)
    draw = random.Random(0)  # noqa: S311 - test texts are no secret
    pieces, at = [], 0
    while at < len(text):
        size = draw.randint(1, 90)
        pieces.append(text[at : at + size])
        at += size
    yield pieces


def _rewritten(subject: Subject, text: str, finding: Finding | None) -> str:
    """Return a unit as the chain would rewrite it."""
    if finding is None or finding.score < THRESHOLD:
        return text
    ranges = finding.ranges or (Range(0, len(text), finding.label),)
    wanted = [found for found in ranges if found.score >= THRESHOLD] or ranges
    out, at, book = "", 0, PlaceholderBook()
    for found in sorted(wanted, key=lambda one: (one.start, -one.end)):
        if found.end > at:
            start = max(at, found.start)
            out += text[at:start] + _replacement(subject, found, text[start : found.end], book)
            at = found.end
    return out + text[at:]


def _replacement(subject: Subject, found: Range, text: str, book: PlaceholderBook) -> str:
    if found.replacement is not None:
        return found.replacement
    if subject.filter.placeholders is None:
        return f"[{found.label}]"
    return book.placeholder(found.label, text, restore=False)
