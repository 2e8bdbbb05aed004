"""One text on its way through one stage: rewritten, judged, and only then released.

Whatever pieces the text arrives in, the same units are judged in the same order, so the
released text and the verdicts are the same. Units are measured side by side, but their results
count in the order in which the text completed them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.chain.failures import CheckFailed
from app.chain.instance import Instance
from app.chain.placeholders import PlaceholderBook, masked
from app.chain.rewriter import Rewriter
from app.chain.tally import Tally
from app.chain.units import Piece, splitter
from app.errors import PenstockError
from app.exchange import Edit
from filters import Context, Finding, Item, Range, Stage

SIDE_BY_SIDE = 8
"""Units of one text in measurement at once; more would crowd out other requests."""

_Measurement = Finding | CheckFailed | None


class Judge:
    """One judging instance on one text."""

    def __init__(self, instance: Instance, tally: Tally) -> None:
        self.instance = instance
        self.tally = tally
        self.splitter = splitter(instance.filter.unit)
        self.settled = 0

    def blocks(self, result: _Measurement) -> bool:
        """Whether a result ends the text as unfit."""
        if result is None or isinstance(result, CheckFailed):
            return False
        return self.instance.entry.action == "block" and self.instance.is_hit(result)


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
        *,
        after: TextRun | None = None,
        book: PlaceholderBook | None = None,
    ) -> None:
        self._context = context
        self._base = base
        self._rewriters: tuple[Rewriter, ...] = ()
        self._all_rewriters: tuple[Rewriter, ...] = after._all_rewriters if after else ()
        """With those of the stage before, through which positions lead to the text as it came."""
        book = book or PlaceholderBook()
        for one in instances:
            if one.rewrites:
                step = Rewriter(one, tallies[one.id], context, base, self._all_rewriters, book)
                self._rewriters += (step,)
                self._all_rewriters += (step,)
        judging = [i for i in instances if not i.rewrites]
        self._judges = [Judge(i, tallies[i.id]) for i in judging if i.enforces]
        self._shadows = [Judge(i, tallies[i.id]) for i in judging if not i.enforces]
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
        self._held.append(text)
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
            may_go_on = await self._commit_in_order(tasks, running)
            if not may_go_on:
                for rest in running:
                    rest.cancel()
        return may_go_on

    async def _commit_in_order(
        self, tasks: list[_Task], running: list[asyncio.Task[_Measurement]]
    ) -> bool:
        """Let results count in order; only a block need not wait for what can change nothing more."""
        await asyncio.sleep(0)  # those that wait for nothing are done after this
        at = 0
        while at < len(tasks):
            pending = [one for one in running if not one.done()]
            if pending:
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            while at < len(tasks) and running[at].done():
                if not self._commit(tasks[at], running[at].result()):
                    return False
                at += 1
            block = self._first_block(tasks[at:], running[at:])
            if block is not None:
                for later in running[at + block + 1 :]:
                    later.cancel()
                if self._is_final(tasks[at : at + block + 1]):
                    return self._commit(tasks[at + block], running[at + block].result())
        return True

    def _first_block(
        self, tasks: Sequence[_Task], running: Sequence[asyncio.Task[_Measurement]]
    ) -> int | None:
        for place, (task, one) in enumerate(zip(tasks, running, strict=True)):
            if one.done() and not one.cancelled() and task.judge.blocks(one.result()):
                return place
        return None

    def _is_final(self, tasks: Sequence[_Task]) -> bool:
        """Whether the last task's block stops the text where it is, whatever those before it find."""
        *before, blocking = tasks
        stuck = blocking.judge
        return all(t.judge is not stuck and t.judge.settled >= stuck.settled for t in before)

    async def _measure(self, task: _Task) -> _Measurement:
        item = Item(task.piece.text, self._context, task.piece.start)
        try:
            finding, took_ms = await task.judge.instance.check(item)
        except CheckFailed as error:
            task.judge.tally.duration_ms += error.took_ms
            return error
        task.judge.tally.duration_ms += took_ms
        return finding

    def _count(self, task: _Task, result: _Measurement) -> None:
        if isinstance(result, CheckFailed):
            task.judge.tally.fail(result.kind)
            return
        if result is not None and not result.ranges and self._context.stage is Stage.RETRIEVAL:
            result = _with_whole_range(result, task.piece)
        task.judge.tally.add(result, task.piece.start, self.to_original)

    def _commit(self, task: _Task, result: _Measurement) -> bool:
        judge = task.judge
        self._count(task, result)
        if isinstance(result, CheckFailed) and judge.instance.fails_closed(result.kind):
            self.failure = judge.instance.failure(result)
            self._stopped_at = task.piece.settled
            return False
        if judge.blocks(result):
            self.blocked_by = judge.instance
            self._stopped_at = task.piece.settled
            return False
        judge.settled = task.piece.settled
        return True

    def _release(self, *, last: bool) -> str:
        settled = min((judge.settled for judge in self._judges), default=self._length)
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
