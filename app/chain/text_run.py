"""One text on its way through one stage: rewritten, judged, and only then released.

Whatever pieces the text arrives in, the same units are judged in the same order, so the
released text and the verdicts are the same. Units are measured side by side, but their results
count in the order in which the text completed them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.chain.instance import CheckFailed, Instance
from app.chain.placeholders import PlaceholderBook, masked
from app.chain.rewriter import Rewriter
from app.chain.tally import Tally
from app.chain.units import Piece, splitter
from app.errors import PenstockError
from app.exchange import Edit
from filters import Context, Finding, Item

SIDE_BY_SIDE = 8
"""Units of one text in measurement at once; more would crowd out other requests."""


class Judge:
    """One judging instance on one text."""

    def __init__(self, instance: Instance, tally: Tally) -> None:
        self.instance = instance
        self.tally = tally
        self.splitter = splitter(instance.filter.unit)
        self.settled = 0


@dataclass(frozen=True, slots=True)
class _Task:
    judge: Judge
    piece: Piece


class TextRun:
    """Takes a text piece by piece and returns what may be released."""

    def __init__(
        self,
        instances: Sequence[Instance],
        tallies: dict[str, Tally],
        context: Context,
        base: int = 0,
        book: PlaceholderBook | None = None,
    ) -> None:
        self._context = context
        self._base = base
        self._rewriters: tuple[Rewriter, ...] = ()
        book = book or PlaceholderBook()
        for one in instances:
            if one.rewrites:
                step = Rewriter(one, tallies[one.id], context, base, self._rewriters, book)
                self._rewriters += (step,)
        judging = [i for i in instances if not i.rewrites]
        self._judges = [Judge(i, tallies[i.id]) for i in judging if i.enforces]
        self._shadows = [Judge(i, tallies[i.id]) for i in judging if not i.enforces]
        self._held = ""
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
        for piece in [*judge.splitter.feed(text), *judge.splitter.finish()]:
            await asyncio.sleep(0)  # a filter that never waits must not outrun the deadline
            task = _Task(judge, piece)
            self._count(task, await self._measure(task))

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
        self._held += text
        self._length += len(text)
        if self._shadows:
            self._seen.append(text)
        tasks = []
        for judge in self._judges:
            pieces = judge.splitter.feed(text)
            if last:
                pieces += judge.splitter.finish()
            tasks += [_Task(judge, piece) for piece in pieces]
        tasks.sort(key=lambda task: task.piece.complete_at)
        for at in range(0, len(tasks), SIDE_BY_SIDE):
            if not await self._judge_side_by_side(tasks[at : at + SIDE_BY_SIDE]):
                return

    async def _judge_side_by_side(self, tasks: list[_Task]) -> bool:
        """Return whether the text may go on."""
        if len(tasks) == 1:
            return self._commit(tasks[0], await self._measure(tasks[0]))
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._measure(task)) for task in tasks]
            for task, measurement in zip(tasks, running, strict=True):
                if not self._commit(task, await measurement):
                    for rest in running:
                        rest.cancel()
                    return False
        return True

    async def _measure(self, task: _Task) -> Finding | CheckFailed | None:
        item = Item(task.piece.text, self._context, task.piece.start)
        try:
            finding, took_ms = await task.judge.instance.check(item)
        except CheckFailed as error:
            return error
        task.judge.tally.duration_ms += took_ms
        return finding

    def _count(self, task: _Task, result: Finding | CheckFailed | None) -> bool:
        """Add a result to the tally; return whether it hit the threshold."""
        if isinstance(result, CheckFailed):
            task.judge.tally.fail(result.kind)
            return False
        return task.judge.tally.add(result, task.piece.start, self.to_original)

    def _commit(self, task: _Task, result: Finding | CheckFailed | None) -> bool:
        judge = task.judge
        hit = self._count(task, result)
        if isinstance(result, CheckFailed) and judge.instance.fails_closed(result.kind):
            self.failure = judge.instance.failure(result)
            self._stopped_at = task.piece.settled
            return False
        if hit and judge.instance.entry.action == "block":
            self.blocked_by = judge.instance
            self._stopped_at = task.piece.settled
            return False
        judge.settled = task.piece.settled
        return True

    def _release(self, *, last: bool) -> str:
        settled = min((judge.settled for judge in self._judges), default=self._length)
        if last and not self.stopped:
            settled = self._length
        count = settled - self._released
        released, self._held = self._held[:count], self._held[count:]
        self._released = settled
        return released

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a range of the released text to the text as it came in, counted from `base`."""
        if self._rewriters:
            return self._rewriters[-1].to_original(start, end)
        return start + self._base, end + self._base
