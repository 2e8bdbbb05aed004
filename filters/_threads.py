"""Threads of the filters' own: what hangs there costs no other part of the server a thread."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import cache, partial
from typing import Any, ParamSpec, TypeVar

from filters._failures import Busy

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

MOST_THREADS = 8
MOST_WAITING = 1_024


async def in_thread(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Call a function beside the event loop, on one of the few threads that all filters share.

    Nothing can end a thread: what hangs there goes on when the deadline is over, and all filters
    have one thread less.

    Raises:
        Busy: too much waits for a thread.
    """
    call = partial(copy_context().run, function, *args, **kwargs)
    return await asyncio.wrap_future(_threads().submit(call))


class Threads:
    """A fixed number of threads behind a bounded queue.

    They are daemons: one that hangs must not keep the server from ending.
    """

    def __init__(self, size: int, waiting: int) -> None:
        self._calls: queue.Queue[tuple[Future[Any], Callable[[], Any]]] = queue.Queue(waiting)
        for number in range(size):
            name = f"filters-{number}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        """Queue a call; one that is cancelled before its turn is never made.

        Raises:
            Busy: the queue is full.
        """
        future: Future[Result] = Future()
        try:
            self._calls.put_nowait((future, call))
        except queue.Full:
            raise Busy from None
        return future

    def _work(self) -> None:
        while True:
            future, call = self._calls.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001  whoever waits is told
                    future.set_exception(error)
            del future, call  # else the last text would be kept until the next call


@cache
def _threads() -> Threads:
    return Threads(MOST_THREADS, MOST_WAITING)


os.register_at_fork(after_in_child=_threads.cache_clear)  # a fork has none of its parent's threads
