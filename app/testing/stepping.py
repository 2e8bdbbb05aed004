"""Run a check step by step: how long each holds the event loop, and an end to one that never ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter, thread_time
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Stuck(BaseException):
    """A step held the event loop for too long and was interrupted."""


class Steps(Generic[T]):
    """Awaits a coroutine and times what it does between two awaits.

    Args:
        coroutine: what is awaited.
        limit_s: how long one step may take. In the main thread of a POSIX system a longer one is
            interrupted, also in the middle of a regular expression or of `time.sleep`.

    Raises:
        Stuck: a step was interrupted.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T], limit_s: float) -> None:
        self._coroutine = coroutine
        self._limit_s = limit_s
        self.longest_s = 0.0
        """The longest step until now."""
        self.held_s = 0.0
        """The most that a step computed, or that it waited, until now."""

    def __await__(self) -> Generator[Any, Any, T]:
        """Do as the coroutine does."""
        inner = self._coroutine.__await__()
        step = partial(next, inner)
        while True:
            try:
                awaited = self._timed(step)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # a coroutine's result
            try:
                step = partial(inner.send, (yield awaited))
            except BaseException as error:  # noqa: BLE001  the coroutine's to handle
                step = partial(inner.throw, error)

    def _timed(self, step: partial[Any]) -> Any:
        started, started_cpu = perf_counter(), thread_time()
        try:
            with interrupted(self._limit_s):
                return step()
        finally:
            took_s, computed_s = perf_counter() - started, thread_time() - started_cpu
            self.longest_s = max(self.longest_s, took_s)
            # Apart, so that a computation is not blamed for what others compute meanwhile.
            self.held_s = max(self.held_s, computed_s, took_s - computed_s)


@contextmanager
def interrupted(after_s: float) -> Iterator[None]:
    """Interrupt what takes longer, where that can be done.

    Raises:
        Stuck: it took longer.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return
    handler, started = signal.signal(signal.SIGALRM, _interrupt), perf_counter()
    rest_s, interval_s = signal.setitimer(signal.ITIMER_REAL, after_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if rest_s:  # a limit that others set goes on
            left_s = max(rest_s - (perf_counter() - started), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, left_s, interval_s)


def _interrupt(number: int, frame: object) -> None:
    raise Stuck
