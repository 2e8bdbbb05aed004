"""Move the clock that a filter reads."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import ModuleType
from typing import Any
from unittest.mock import patch


class _AlsoReal(type):
    """Dates that were made before the clock was moved are dates too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


@contextmanager
def moved_clock(by: datetime.timedelta, module: str) -> Iterator[None]:
    """Let all that reads the time of day believe it is `by` later.

    Clocks that only measure durations go on as they are: the event loop needs them.

    Args:
        by: how much later.
        module: where the filter stands; names that it and its submodules have imported from `time`
            and `datetime` are replaced too.
    """
    moved = _moved(by)
    owners: list[ModuleType] = [time, datetime, *_modules(module)]
    with ExitStack() as stack:
        for owner in owners:
            for name, value in list(vars(owner).items()):
                if id(value) in moved:
                    stack.enter_context(patch.object(owner, name, moved[id(value)]))
        yield


def _moved(by: datetime.timedelta) -> dict[int, Any]:
    """Return what stands in for the clocks, by the identity of each."""
    seconds = by.total_seconds()
    real_time, real_time_ns = time.time, time.time_ns
    real_datetime, real_date = datetime.datetime, datetime.date

    class LaterDatetime(datetime.datetime, metaclass=_AlsoReal):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return real_datetime.now(tz) + by

        @classmethod
        def utcnow(cls) -> Any:
            return real_datetime.now(datetime.UTC).replace(tzinfo=None) + by

        @classmethod
        def today(cls) -> Any:
            return real_datetime.now() + by

    class LaterDate(datetime.date, metaclass=_AlsoReal):
        @classmethod
        def today(cls) -> Any:
            return (real_datetime.now() + by).date()

    return {
        id(real_datetime): LaterDatetime,
        id(real_date): LaterDate,
        id(real_time): lambda: real_time() + seconds,
        id(real_time_ns): lambda: real_time_ns() + int(seconds * 1e9),
        id(time.localtime): partial(_at, time.localtime, real_time, seconds),
        id(time.gmtime): partial(_at, time.gmtime, real_time, seconds),
        id(time.ctime): partial(_at, time.ctime, real_time, seconds),
    }


def _at(
    function: Callable[[float], Any],
    now: Callable[[], float],
    seconds: float,
    at: float | None = None,
) -> Any:
    """Call a function of `time` with a moment; without one it is now, later."""
    return function(now() + seconds if at is None else at)


def _modules(name: str) -> Iterator[ModuleType]:
    for found, module in list(sys.modules.items()):
        if found == name or found.startswith(f"{name}."):
            yield module
