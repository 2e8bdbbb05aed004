"""A position that one thread raises and coroutines wait for."""

from __future__ import annotations

import asyncio
from collections import deque


class Watermark:
    """How far something has come: synced to disk, or drained to Postgres.

    The coroutines share one event loop; any thread may raise it.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._position = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reach(self, position: int) -> None:
        """Wait until `position` is reached.

        Raises:
            OSError: what `fail` was called with.
        """
        self._loop = asyncio.get_running_loop()
        reached = self._loop.create_future()
        self._waiting.append((position, reached))
        # Looking only after the entry is in line: a raise in between is not missed.
        if self._position >= position:
            self._wake()
        await reached

    def advance(self, position: int) -> None:
        """Raise the position and wake whoever waited for it."""
        self._position = position
        if self._waiting:
            self._loop.call_soon_threadsafe(self._wake)

    def fail(self, error: OSError) -> None:
        """Wake all with an error: the position will not be reached."""
        if self._waiting:
            self._loop.call_soon_threadsafe(self._refuse, error)

    def _wake(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._position:
            _, reached = self._waiting.popleft()
            if not reached.done():
                reached.set_result(None)

    def _refuse(self, error: OSError) -> None:
        while self._waiting:
            _, reached = self._waiting.popleft()
            if not reached.done():
                reached.set_exception(error)
