"""The passages of one exchange on their way to the model: judged, rewritten or left out, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from app.chain.chain import StageRun
from app.chain.text_run import TextRun
from filters import Context, Evidence, Passage, Role, Stage

SIDE_BY_SIDE = 8
"""Passages in judgement at once; more would crowd out other requests."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage that the model reads."""

    index: int
    """Among the passages of the exchange."""
    run: TextRun
    base: int


class ReadPassages:
    """Judges passages side by side, and knows where each of those that are left came from.

    The exchange keeps its passages as they came; the model reads what the filters left of them.
    """

    def __init__(self, run: StageRun) -> None:
        self._run = run
        self._read: list[_Read] = []
        self.passages: tuple[Passage, ...] = ()
        """As the model reads them."""

    async def judge(
        self,
        passages: Sequence[Passage],
        starts: Sequence[int],
        asked: Context,
        before: Sequence[TextRun],
    ) -> TextRun | None:
        """Judge the passages of an exchange.

        Args:
            passages: their texts as the stage before left them.
            starts: where each begins, for ranges and edits.
            asked: what the stage before knew of the exchange.
            before: what the stage before made of the first ones.

        Returns:
            The run of a passage that a broken filter could not judge and that may not pass; then
            the others are not judged.
        """
        about = replace(asked, stage=Stage.RETRIEVAL, role=Role.PASSAGE)
        contexts = [replace(about, passages=(one,)) for one in passages]
        texts = [passage.text for passage in passages]
        rewriting = [
            self._run.text(context, base, after=after, rewrites=True)
            for context, base, after in zip_longest(contexts, starts, before)
        ]
        at_once = SIDE_BY_SIDE if self._run.rewrites_in_any_order else 1
        texts, broken = await _led(rewriting, texts, at_once)
        if broken:
            return broken
        judging = [
            self._run.text(context, base, after=run, rewrites=False)
            for context, base, run in zip(contexts, starts, rewriting, strict=True)
        ]
        texts, broken = await _led(judging, texts, 1 if self._run.is_idle else SIDE_BY_SIDE)
        for index, (run, text) in enumerate(zip(judging, texts, strict=False)):
            if not run.stopped:
                self._read.append(_Read(index, run, starts[index]))
                self.passages += (replace(passages[index], text=text),)
        return broken

    def as_sent(self, passage: int, start: int, end: int) -> tuple[int, int, int]:
        """Map a stretch of a passage that the model read to one of the exchange's passages.

        Returns:
            The passage's index in the exchange, and the stretch in its text as it came.
        """
        read = self._read[passage]
        start, end = read.run.to_original(start, end)
        return read.index, start - read.base, end - read.base

    def evidence_as_sent(self, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
        """Map evidence in what the model read to the exchange's passages."""
        moved = []
        for piece in evidence:
            index, start, end = self.as_sent(piece.passage, piece.start, piece.end)
            moved.append(replace(piece, passage=index, start=start, end=end))
        return tuple(moved)


async def _led(
    runs: Sequence[TextRun], texts: Sequence[str], at_once: int
) -> tuple[list[str], TextRun | None]:
    """Lead each text through its run, some side by side.

    Returns:
        What is left of the texts, and the run of one that cannot be judged, behind which the
        others are given up.
    """
    left: list[str] = []
    for at in range(0, len(runs), at_once):
        group = runs[at : at + at_once]
        left += await _side_by_side(group, texts[at : at + at_once])
        for run in group:
            if run.failure:
                return left, run
    return left, None


async def _side_by_side(runs: Sequence[TextRun], texts: Sequence[str]) -> list[str]:
    if len(runs) == 1:
        return [await runs[0].feed(texts[0], last=True)]
    left = []
    async with asyncio.TaskGroup() as group:
        pairs = zip(runs, texts, strict=True)
        feeding = [group.create_task(run.feed(text, last=True)) for run, text in pairs]
        for run, one in zip(runs, feeding, strict=True):
            left.append(await one)
            if run.failure:
                break
        for rest in feeding[len(left) :]:
            rest.cancel()
    return left
