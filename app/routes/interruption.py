"""Run a request's work only as long as somebody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.types import Receive

from app.errors import ShuttingDown
from app.routes.draining import Drain

Result = TypeVar("Result")


class ClientGone(Exception):
    """The client closed the connection; nobody waits for the answer."""


async def until_interrupted(receive: Receive, drain: Drain, work: Awaitable[Result]) -> Result:
    """Await `work` in the current task; cancel it when the client goes or the server must stop.

    The request's body must have been read. Everything `work` does in its own clean-up is awaited.

    Raises:
        ClientGone: the client closed the connection.
        ShuttingDown: the server's time to drain is over.
    """
    watch = _Watch()
    drain.add(watch.stop)
    try:
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(watch.disconnect(receive))
            try:
                result = await watch.run(work)
            finally:
                drain.discard(watch.stop)
                watcher.cancel()
    except ExceptionGroup as errors:
        # The group wraps what `work` raised; callers want that itself.
        raise errors.exceptions[0] from None
    return result


class _Watch:
    """Cancels one piece of work and remembers why."""

    def __init__(self) -> None:
        # A deadline that never comes by itself: moving it to now cancels the work inside.
        self._deadline = asyncio.timeout(None)
        self._is_running = False
        self._reason: Exception | None = None

    async def run(self, work: Awaitable[Result]) -> Result:
        try:
            async with self._deadline:
                self._is_running = True
                if self._reason:
                    self._expire()
                try:
                    return await work
                finally:
                    self._is_running = False
        except TimeoutError:
            if self._reason and self._deadline.expired():
                raise self._reason from None
            raise

    def stop(self) -> None:
        self._interrupt(ShuttingDown())

    async def disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._interrupt(ClientGone())

    def _interrupt(self, reason: Exception) -> None:
        if self._reason is None:
            self._reason = reason
            self._expire()

    def _expire(self) -> None:
        if self._is_running:
            self._deadline.reschedule(asyncio.get_running_loop().time())
