"""Measure the units of a text side by side, and let the results count in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from app.chain.judge import Measurement, Pending
from app.errors import FilterFailed

MOST = 8
"""Units of one text in measurement at once; more would crowd out other requests."""

Measure = Callable[[Pending, Callable[[], None]], Awaitable[Measurement]]
"""Measures a unit; calls its second argument if the filter begins to wait."""
Commit = Callable[[Pending, Measurement], bool]
"""Lets a result count; returns whether the text may go on."""


class SideBySide:
    """Units of one text, in the order in which their results count.

    One unit after the other is measured in the caller's own task. Only where a filter waits, for a
    model, a thread or a process, another task goes on with the next unit; so a filter that computes
    costs no task.
    """

    def __init__(self, units: Sequence[Pending], measure: Measure, commit: Commit) -> None:
        self._units = units
        self._measure = measure
        self._commit = commit
        self._results: dict[int, Measurement] = {}
        """By their units' places: those that do not count yet."""
        self._measuring: dict[int, asyncio.Task[None]] = {}
        """The places in measurement, and the tasks that see to them."""
        self._num_workers = 1
        self._next = 0
        """The first unit that nobody has begun."""
        self._at = 0
        """The first unit whose result does not count yet."""
        self._end = len(units)
        """Nothing from here on is measured any more."""
        self._block: int | None = None
        """The first unit whose result is a block, if it does not count yet."""
        self._may_go_on = True

    async def run(self) -> bool:
        """Measure them; return whether the text may go on.

        Raises:
            FilterFailed: a filter ended the task that measured it.
        """
        self._caller = _current_task()
        async with asyncio.TaskGroup() as self._group:
            await self._work()
        if self._may_go_on and self._at < len(self._units):
            raise FilterFailed(param=self._units[self._at].judge.instance.id)
        return self._may_go_on

    async def _work(self) -> None:
        """Measure units until none is left to begin with."""
        worker = _current_task()
        cancelled_before = worker.cancelling()
        while self._next < self._end:
            place = self._next
            self._next += 1
            self._measuring[place] = worker
            try:
                result = await self._measure(self._units[place], self._go_on_beside)
            except asyncio.CancelledError:
                was_given_up = self._measuring.pop(place, None) is None
                if not was_given_up or worker.uncancel() > cancelled_before:
                    raise  # whoever cancelled it was not this one
                return
            if self._measuring.pop(place, None) is None:
                worker.uncancel()  # the filter ended well although it was given up
                return
            self._take(place, result)

    def _go_on_beside(self) -> None:
        """Let another task begin the next unit, while this one waits."""
        is_wanted = self._next < self._end and not self._caller.cancelling()
        if is_wanted and self._num_workers < MOST:
            self._num_workers += 1
            self._group.create_task(self._work())

    def _take(self, place: int, result: Measurement) -> None:
        """Take a unit's result; let all count that nothing before them is missing of."""
        self._results[place] = result
        while self._at in self._results:
            if not self._commit(self._units[self._at], self._results.pop(self._at)):
                self._stop()
                return
            self._at += 1
        if self._units[place].judge.blocks(result):
            self._block, self._end = place, place + 1
            self._give_up(self._end)
        if self._block is not None and self._is_final(self._block):
            self._commit(self._units[self._block], self._results[self._block])
            self._stop()

    def _is_final(self, block: int) -> bool:
        """Whether a block stops the text where it is, whatever those before it still find."""
        stuck = self._units[block].judge
        before = self._units[self._at : block]
        return all(one.judge is not stuck and one.judge.settled >= stuck.settled for one in before)

    def _stop(self) -> None:
        self._may_go_on = False
        self._end = 0
        self._give_up(0)

    def _give_up(self, first: int) -> None:
        """End the measurement of all units from a place on."""
        for place in [place for place in self._measuring if place >= first]:
            self._measuring.pop(place).cancel()


def _current_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  for the type checker: a coroutine runs in a task
    return task
