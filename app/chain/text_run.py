"""One text on its way through one stage: rewritten, judged, and only then released.

Whatever pieces the text arrives in, the same units are judged in the same order, so the
released text and the verdicts are the same. Units are measured side by side, but their results
count in the order in which the text completed them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from app.chain.check import Check
from app.chain.failures import CheckFailed
from app.chain.instance import Instance
from app.chain.judge import Judge, Pending
from app.chain.placeholders import PlaceholderBook, masked
from app.chain.rewriter import Rewriter
from app.chain.side_by_side import SideBySide
from app.chain.tally import Tally
from app.chain.turn import Turn
from app.chain.units import Piece, splitter
from app.errors import FilterFailed, PenstockError
from app.exchange import Edit
from filters import Context, Finding, Range, Stage


class TextRun:
    """Takes a text piece by piece and returns what may be released."""

    def __init__(
        self,
        tallies: Sequence[Tally],
        context: Context,
        base: int = 0,
        *,
        after: TextRun | None = None,
        book: PlaceholderBook | None = None,
        turn: Turn | None = None,
    ) -> None:
        self._context = context
        self._base = base
        self._turn = turn or Turn()
        self._rewriters: tuple[Rewriter, ...] = ()
        self._all_rewriters: tuple[Rewriter, ...] = after._all_rewriters if after else ()
        """With those of the stage before, through which positions lead to the text as it came."""
        book = book or PlaceholderBook()
        for one in tallies:
            if one.instance.rewrites:
                step = Rewriter(one, context, base, self._all_rewriters, book, self._turn)
                self._rewriters += (step,)
                self._all_rewriters += (step,)
        judging = [Judge(one) for one in tallies if not one.instance.rewrites]
        self._judges = [judge for judge in judging if judge.instance.enforces]
        self._shadows = [judge for judge in judging if not judge.instance.enforces]
        self._splitters = {
            judge.unit: splitter(judge.unit, context.stage) for judge in self._judges
        }
        self._held: list[str] = []
        self._length = 0
        self._released = 0
        self._seen: list[str] = []
        self._stopped_at: int | None = None
        self.blocked_by: Instance | None = None
        """The instance that found the text unfit; nothing more is released."""
        self.failure: PenstockError | None = None
        """Set when a filter that fails closed broke; nothing more is released."""

    @property
    def stopped(self) -> bool:
        """Whether a filter ended the text early."""
        return self.blocked_by is not None or self.failure is not None

    async def feed(self, text: str, *, last: bool = False) -> str:
        """Take more text; return what every enforcing filter has judged by now.

        Look at `blocked_by` and `failure` after each call.
        """
        if not self.stopped:
            await self._rewrite(text, self._rewriters, last=last)
        return self._release(last=last)

    async def run_shadows(self, until: float) -> None:
        """Let the shadow filters measure the whole text, after it was released.

        What is not measured by `until`, a moment of the event loop's clock, counts as a timeout.
        """
        # What came after the unit that ended the text depends on the pieces it came in.
        text = "".join(self._seen)[: self._stopped_at]
        for judge in self._shadows:
            try:
                async with asyncio.timeout_at(until):
                    await self._run_shadow(judge, text)
            except TimeoutError:
                judge.tally.fail("timeout")

    async def _run_shadow(self, judge: Judge, text: str) -> None:
        cut = splitter(judge.unit, self._context.stage)
        for piece in [*cut.feed(text), *cut.finish()]:
            await asyncio.sleep(0)  # a filter that never waits must not outrun the deadline
            unit = Pending(judge, piece, piece.item(self._context))
            self._count(unit, await self._turn.measure(judge.instance, unit.item))

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All replacements, in positions of the text as it came in."""
        edits = [edit for rewriter in self._rewriters for edit in rewriter.original_edits()]
        return tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))

    def recordable(self, text: str) -> str:
        """Return the text as it came in, which `text` is, as a record may hold it.

        What a filter conceals is masked, and so is what that filter did not come to judge.
        """
        spans: list[tuple[int, int]] = []
        for rewriter in self._rewriters:
            if rewriter.conceals:
                spans += [(edit.start, edit.end) for edit in rewriter.original_edits()]
                spans.append((rewriter.judged_to, self._base + len(text)))
        return masked(text, [(start - self._base, end - self._base) for start, end in spans])

    async def _rewrite(self, text: str, steps: tuple[Rewriter, ...], *, last: bool) -> None:
        """Lead text through the rewriters unit by unit, so that no filter runs ahead of a block."""
        if not steps:
            await self._judge(text, last=last)
            return
        first, rest = steps[0], steps[1:]
        for piece in first.units(text, last=last):
            await self._rewrite(await first.rewrite(piece), rest, last=False)
            self.failure = self.failure or first.failure
            if self.stopped:
                return
        if last:
            await self._rewrite(first.rest(), rest, last=True)

    async def _judge(self, text: str, *, last: bool) -> None:
        self._held.append(text)
        self._length += len(text)
        if self._shadows:
            self._seen.append(text)
        units = self._units(text, last=last)
        if len(units) == 1:
            self._commit(units[0], await self._turn.measure(units[0].judge.instance, units[0].item))
        elif units:
            try:
                await SideBySide(units, self._turn, self._commit).run()
            except FilterFailed as error:
                self.failure = error

    def _units(self, text: str, *, last: bool) -> list[Pending]:
        """Take more text; return the units that it completes, in the order of their completion."""
        cut = {unit: cutter.feed(text) for unit, cutter in self._splitters.items()}
        if last:
            for unit, cutter in self._splitters.items():
                cut[unit] += cutter.finish()
        if not any(cut.values()):  # as after most pieces of a stream
            return []
        context = self._context
        seen = {unit: [(one, one.item(context)) for one in pieces] for unit, pieces in cut.items()}
        units = [Pending(judge, *one) for judge in self._judges for one in seen[judge.unit]]
        units.sort(key=lambda one: one.piece.complete_at)
        return units

    def _count(self, unit: Pending, check: Check) -> None:
        tally, piece, result = unit.judge.tally, unit.piece, check.result
        tally.duration_ms += check.took_ms
        if isinstance(result, CheckFailed):
            tally.fail(result.kind)
            return
        is_passage = self._context.stage is Stage.RETRIEVAL
        if is_passage and result is not None and not result.ranges and piece.text:
            result = _with_whole_range(result, piece)
        tally.add(result, piece.start, self.to_original)

    def _commit(self, unit: Pending, check: Check) -> bool:
        """Let what became of a unit count; return whether the text may go on."""
        judge, result, settled = unit.judge, check.result, unit.piece.settled
        self._count(unit, check)
        if isinstance(result, CheckFailed) and judge.instance.fails_closed(result.kind):
            self.failure = judge.instance.failure(result)
        elif judge.blocks(result):
            self.blocked_by = judge.instance
        else:
            judge.settled = settled
            return True
        self._stopped_at = settled
        return False

    def _release(self, *, last: bool) -> str:
        settled = min([judge.settled for judge in self._judges], default=self._length)
        if last and not self.stopped:
            settled = self._length
        count, self._released = settled - self._released, settled
        if not count:
            return ""
        held = "".join(self._held)
        self._held = [held[count:]]
        return held[:count]

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a range of the released text to the text as it came in, counted from `base`."""
        if self._all_rewriters:
            return self._all_rewriters[-1].to_original(start, end)
        return start + self._base, end + self._base


def _with_whole_range(finding: Finding, piece: Piece) -> Finding:
    """Point at the unit, so that a verdict about many passages tells which it is about."""
    whole = Range(0, len(piece.text), finding.label, finding.score)
    return replace(finding, ranges=(whole,))
