"""The passages of one exchange on their way to the model: judged, rewritten or left out, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
        begun: list[_Read] = []
        for index, (passage, base) in enumerate(zip(passages, starts, strict=True)):
            after = before[index] if index < len(before) else None
            context = replace(asked, stage=Stage.RETRIEVAL, passages=(passage,), role=Role.PASSAGE)
            begun.append(_Read(index, self._run.text(context, base, after=after), base))
        for at in range(0, len(begun), SIDE_BY_SIDE):
            group = begun[at : at + SIDE_BY_SIDE]
            texts = await self._feed(group, passages[at : at + SIDE_BY_SIDE])
            for read, text in zip(group, texts, strict=True):
                if read.run.failure:
                    return read.run
                if read.run.blocked_by is None:
                    self._read.append(read)
                    self.passages += (replace(passages[read.index], text=text),)
        return None

    async def _feed(self, begun: Sequence[_Read], passages: Sequence[Passage]) -> list[str]:
        """Return what is left of each text; those after one that cannot be judged are given up."""
        pairs = list(zip(begun, passages, strict=True))
        if self._run.is_idle:
            return [await read.run.feed(passage.text, last=True) for read, passage in pairs]
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(r.run.feed(p.text, last=True)) for r, p in pairs]
            texts = []
            for read, one in zip(begun, running, strict=True):
                texts.append(await one)
                if read.run.failure:
                    break
            for rest in running:
                rest.cancel()
        return texts + [""] * (len(begun) - len(texts))

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
