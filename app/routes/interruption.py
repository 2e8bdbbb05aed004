"""Run a request's work only as long as somebody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.types import Receive

from app.errors import DeadlineExceeded, PenstockError, ShuttingDown
from app.routes.draining import Drain

Result = TypeVar("Result")


class ClientGone(Exception):
    """The client closed the connection; nobody waits for the answer."""


def _ignore(reason: PenstockError) -> None:
    pass


async def until_interrupted(
    receive: Receive,
    drain: Drain,
    work: Awaitable[Result],
    seconds: float | None = None,
    on_cut: Callable[[PenstockError], None] = _ignore,
) -> Result:
    """Await `work` in the current task; cancel it when the client goes or the server ends it.

    The request's body must have been read. Everything `work` does in its own clean-up is awaited.

    Args:
        receive: tells when the client goes.
        drain: tells when the server must stop.
        work: what is awaited.
        seconds: how long it may take; None is for ever.
        on_cut: told why, before `work` is cancelled by the server itself.

    Raises:
        ClientGone: the client closed the connection.
        ShuttingDown: the server's time to drain is over.
        DeadlineExceeded: the time for `work` is over.
    """
    watch = _Watch(on_cut)
    drain.add(watch.stop)
    expiry = seconds and asyncio.get_running_loop().call_later(seconds, watch.expire)
    try:
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(watch.disconnect(receive))
            try:
                result = await watch.run(work)
            finally:
                drain.discard(watch.stop)
                if expiry:
                    expiry.cancel()
                watcher.cancel()
    except ExceptionGroup as errors:
        # The group wraps what `work` raised; callers want that itself.
        raise errors.exceptions[0] from None
    return result


class _Watch:
    """Cancels one piece of work and remembers why."""

    def __init__(self, on_cut: Callable[[PenstockError], None]) -> None:
        self._on_cut = on_cut
        # A deadline that never comes by itself: moving it to now cancels the work inside.
        self._deadline = asyncio.timeout(None)
        self._is_running = False
        self._reason: Exception | None = None

    async def run(self, work: Awaitable[Result]) -> Result:
        try:
            async with self._deadline:
                self._is_running = True
                if self._reason:
                    self._cancel()
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

    def expire(self) -> None:
        self._interrupt(DeadlineExceeded())

    async def disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._interrupt(ClientGone())

    def _interrupt(self, reason: Exception) -> None:
        if self._reason is None:
            self._reason = reason
            self._cancel()

    def _cancel(self) -> None:
        if self._is_running:
            if isinstance(self._reason, PenstockError):
                self._on_cut(self._reason)
            self._deadline.reschedule(asyncio.get_running_loop().time())
