"""An isolated filter as the chain sees it: the same hooks, and the work is done elsewhere."""

from __future__ import annotations

import asyncio
from queue import SimpleQueue

from app.chain.failures import CheckFailed
from app.chain.isolation import frames
from app.chain.isolation.process import Job
from app.chain.isolation.supervisor import Call, Calls, Supervisor
from app.settings import ChainEntry
from filters import Filter, Finding, Item, Resources

MOST_WAITING = 512
"""Items that wait for one instance's processes: as many as 64 requests have in work, 8 sentences each."""


class Isolated:
    """Runs one instance's checks in processes of its own.

    Args:
        entry: the instance's place in the chain, with its bounds.
        judge: the filter, made here too, so that wrong options are found at once.
    """

    def __init__(self, entry: ChainEntry, judge: Filter) -> None:
        self._entry = entry
        self._job = Job(
            id=entry.id,
            filter=f"{type(judge).__module__}:{type(judge).__qualname__}",
            options=entry.options,
            deadline_s=entry.deadline_ms / 1_000,
            memory_bytes=entry.memory_bytes,
        )
        self._calls: Calls = SimpleQueue()
        self._supervisors: list[Supervisor] = []

    @property
    def restarts(self) -> int:
        """How often a process had to be replaced."""
        return sum(supervisor.restarts for supervisor in self._supervisors)

    async def setup(self, resources: Resources) -> None:
        """Start the processes and set the filter up in each.

        Raises:
            FilterError: that failed in one of them.
        """
        for _ in range(self._entry.processes):
            self._supervisors.append(Supervisor(self._job, self._calls))
        try:
            for supervisor in self._supervisors:
                await asyncio.wrap_future(supervisor.started)
        except BaseException:
            await self.close()
            raise

    async def check(self, item: Item) -> Finding | None:
        """Judge an item; its caller may leave, and then it is not begun if it has not yet.

        Raises:
            CheckFailed: the filter failed, or too much waits for it.
        """
        if self._calls.qsize() >= MOST_WAITING:
            raise CheckFailed("overloaded")
        call = Call(frames.item_message(item))
        self._calls.put(call)
        return await asyncio.wrap_future(call.future)

    async def close(self) -> None:
        """End all processes."""
        for _ in self._supervisors:
            self._calls.put(None)
        for supervisor in self._supervisors:
            await asyncio.to_thread(supervisor.close)
        self._supervisors.clear()
