"""Who waits for which windows of a runner."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from app.encoder.frames import Window
from app.errors import PenstockError
from app.runtime import Interrupt

Row = dict[str, NDArray[Any]]
"""One window's outputs by name."""


@dataclass(slots=True, eq=False)
class Call:
    """The windows one caller waits for. Its counts are guarded by the runner's lock."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]
    rows: list[Row]
    num_missing: int
    is_over: bool = False
    batches: list[Batch] = field(default_factory=list)
    """Those that run now."""

    @classmethod
    def of(cls, windows: Sequence[Window]) -> tuple[Call, list[Item]]:
        """Make a call and the items of its windows, on the caller's event loop."""
        loop = asyncio.get_running_loop()
        call = cls(loop, loop.create_future(), [{} for _ in windows], len(windows))
        return call, [Item(call, place, window) for place, window in enumerate(windows)]

    def settle(self, place: int, outcome: Row | PenstockError) -> None:
        """Take one window's outcome; the last one, or the first error, wakes the caller."""
        self.num_missing -= 1
        if self.is_over:
            return
        if isinstance(outcome, PenstockError):
            self.is_over = True
            self._wake(outcome)
            return
        self.rows[place] = outcome
        if not self.num_missing:
            self.is_over = True
            self._wake(None)

    def _wake(self, error: PenstockError | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self.loop.call_soon_threadsafe(self._finish, error)

    def _finish(self, error: PenstockError | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(error)


@dataclass(slots=True, eq=False)
class Item:
    """One window of a call."""

    call: Call
    place: int
    window: Window


@dataclass(slots=True, eq=False)
class Batch:
    """Items that run together."""

    items: list[Item]
    interrupt: Interrupt = field(default_factory=Interrupt)

    @property
    def is_wanted(self) -> bool:
        """Whether anybody still waits for one of them."""
        return not all(item.call.is_over for item in self.items)
