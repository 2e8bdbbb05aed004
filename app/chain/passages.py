"""The passages of one exchange on their way to the model: judged, rewritten or left out, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.chain.chain import StageRun
from app.chain.text_run import TextRun
from filters import Context, Evidence, Passage, Stage


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage that the model reads."""

    index: int
    """Among the passages of the exchange."""
    run: TextRun
    base: int


class ReadPassages:
    """Judges passages one after the other, and knows where each of those that are left came from.

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
        question: str,
        before: Sequence[TextRun],
    ) -> TextRun | None:
        """Judge the passages of an exchange.

        Args:
            passages: their texts as the stage before left them.
            starts: where each begins, for ranges and edits.
            question: what they shall answer.
            before: what the stage before made of the first ones.

        Returns:
            The run of a passage that a broken filter could not judge and that may not pass; then
            the others are not judged.
        """
        for index, (passage, base) in enumerate(zip(passages, starts, strict=True)):
            after = before[index] if index < len(before) else None
            context = Context(Stage.RETRIEVAL, question, (passage,))
            run = self._run.text(context, base, after=after)
            text = await run.feed(passage.text, last=True)
            if run.failure:
                return run
            if run.blocked_by is None:
                self._read.append(_Read(index, run, base))
                self.passages += (replace(passage, text=text),)
        return None

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
