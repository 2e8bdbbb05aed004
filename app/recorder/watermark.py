"""A position that one thread raises and coroutines wait for."""

from __future__ import annotations

import asyncio
from collections import deque


class Watermark:
    """How far something has come: synced to disk, or drained to Postgres.

    The coroutines share one event loop; any one thread may raise it.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._position = 0
        self._failure = (range(0), OSError())
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reach(self, position: int) -> None:
        """Wait until `position` is reached; positions only grow from call to call.

        Raises:
            OSError: what `fail` was called with for this position.
        """
        self._loop = asyncio.get_running_loop()
        reached = self._loop.create_future()
        self._waiting.append((position, reached))
        # Only now that the entry is in line: whatever the thread said before is seen here.
        self._wake()
        await reached

    def advance(self, position: int) -> None:
        """Raise the position and wake whoever waited for it."""
        self._position = position
        self._notify()

    def fail(self, position: int, error: OSError) -> None:
        """Say that all positions from the last one up to this will never be reached."""
        self._failure = range(self._position + 1, position + 1), error
        self._notify()

    def _notify(self) -> None:
        if self._waiting:
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        lost, error = self._failure
        known = max(self._position, lost.stop - 1)
        while self._waiting and self._waiting[0][0] <= known:
            position, reached = self._waiting.popleft()
            if reached.done():
                continue
            if position in lost:
                reached.set_exception(error)
            else:
                reached.set_result(None)
