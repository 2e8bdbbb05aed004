"""Measure the units of a text side by side, and let the results count in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from app.chain.check import Check
from app.chain.judge import Pending
from app.chain.turn import Turn
from app.errors import FilterFailed

MOST = 8
"""Units of one text in measurement at once; more would crowd out other requests."""

Commit = Callable[[Pending, Check], bool]
"""Lets a result count; returns whether the text may go on."""


class SideBySide:
    """Units of one text, in the order in which their results count.

    One unit after the other is measured in the caller's own task. Only where a filter waits, for a
    model, a thread or a process, another task goes on with the next unit; so a filter that computes
    costs no task.
    """

    def __init__(self, units: Sequence[Pending], turn: Turn, commit: Commit) -> None:
        self._units = units
        self._turn = turn
        self._commit = commit
        self._checks: dict[int, Check] = {}
        """By their units' places: those that are done and do not count yet."""
        self._waiting: dict[int, asyncio.Task[None]] = {}
        """The places whose filters wait, and the tasks that wait for them."""
        self._num_workers = 1
        self._next = 0
        """The first unit that nobody has begun."""
        self._at = 0
        """The first unit that does not count yet."""
        self._end = len(units)
        """Nothing from here on is begun any more."""
        self._block: int | None = None
        """The first unit that is a block, if it does not count yet."""
        self._is_stopped = False

    async def run(self) -> None:
        """Measure them, until the text is stopped.

        Raises:
            FilterFailed: a filter ended the task that waited for it.
        """
        self._caller = _current_task()
        async with asyncio.TaskGroup() as self._group:
            await self._work()
        if not self._is_stopped and self._at < len(self._units):
            raise FilterFailed(param=self._units[self._at].judge.instance.id)

    async def _work(self) -> None:
        """Measure units until none is left to begin with."""
        while self._next < self._end:
            place, unit = self._next, self._units[self._next]
            self._next += 1
            check = unit.judge.instance.begin(unit.item)
            if not check.waits:
                self._turn.spend(check.took_ms)
            elif not await self._finish(place, check):
                return
            self._take(place, check)
            await self._turn.take()

    async def _finish(self, place: int, check: Check) -> bool:
        """Wait for a filter while others go on; return whether its result is still wanted."""
        worker = _current_task()
        cancelled_before = worker.cancelling()
        self._waiting[place] = worker
        self._go_on_beside()
        try:
            await check.finish()
        except asyncio.CancelledError:
            was_given_up = self._waiting.pop(place, None) is None
            if not was_given_up or worker.uncancel() > cancelled_before:
                raise  # it was cancelled from elsewhere
            return False
        if self._waiting.pop(place, None) is None:
            worker.uncancel()  # it was given up, and ended well nevertheless
            return False
        return True

    def _go_on_beside(self) -> None:
        """Let another task begin the next unit."""
        is_wanted = self._next < self._end and not self._caller.cancelling()
        if is_wanted and self._num_workers < MOST:
            self._num_workers += 1
            self._group.create_task(self._work())

    def _take(self, place: int, check: Check) -> None:
        """Take what became of a unit; let all count that nothing before them is missing of."""
        self._checks[place] = check
        while self._at in self._checks:
            if not self._commit(self._units[self._at], self._checks.pop(self._at)):
                self._stop()
                return
            self._at += 1
        if place >= self._at and self._units[place].judge.blocks(check.result):
            self._block, self._end = place, place + 1
            self._give_up(self._end)
        if self._block is not None and self._is_final(self._block):
            self._commit(self._units[self._block], self._checks[self._block])
            self._stop()

    def _is_final(self, block: int) -> bool:
        """Whether a block stops the text where it is, whatever those before it still find."""
        stuck = self._units[block].judge
        before = self._units[self._at : block]
        return all(one.judge is not stuck and one.judge.settled >= stuck.settled for one in before)

    def _stop(self) -> None:
        self._is_stopped = True
        self._end = 0
        self._give_up(0)

    def _give_up(self, first: int) -> None:
        """End what is waited for, from a place on."""
        for place in [place for place in self._waiting if place >= first]:
            self._waiting.pop(place).cancel()


def _current_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  for the type checker: a coroutine runs in a task
    return task
