"""Holding model threads and graphs, and waiting for states instead of for time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from app.errors import ModelFailed
from app.runtime import Bindings, Graph, Interrupt, Workers


class Gate:
    """A job that keeps one model thread busy from its making until it is opened."""

    def __init__(self, workers: Workers) -> None:
        self._opened, self._begun = threading.Event(), threading.Event()
        workers.submit(self)
        self._begun.wait()

    def open(self) -> None:
        """Let the thread go on."""
        self._opened.set()

    def work(self) -> None:
        """Wait (model thread)."""
        self._begun.set()
        self._opened.wait()

    def drop(self, error: ModelFailed) -> None:
        """Never begin."""
        self._begun.set()


class Death:
    """A job that kills the thread it runs on."""

    def work(self) -> None:
        """End the thread (model thread)."""
        raise SystemExit

    def drop(self, error: ModelFailed) -> None:
        """Nobody waits for it."""


class HeldGraph(Graph):
    """A graph whose bound runs wait while it is held, and break when they are told to."""

    def __init__(self, ort_session: Any) -> None:
        super().__init__(ort_session)
        self._free = threading.Event()
        self._free.set()
        self.num_held = 0
        self.num_runs = 0
        self.breaks: BaseException | None = None
        """What every run raises from now on."""
        self.obeys = True
        """Whether an interrupt ends a run that is held."""

    def hold(self) -> None:
        """Let the next run wait."""
        self._free.clear()

    def let_go(self) -> None:
        """Let runs go on."""
        self._free.set()

    def run_bound(self, bindings: Bindings, interrupt: Interrupt | None = None) -> None:
        self.num_runs += 1
        self.num_held += 1
        while not self._free.wait(0.001):
            if self.obeys and interrupt and interrupt.is_set:
                break
        self.num_held -= 1
        if self.breaks:
            raise self.breaks
        super().run_bound(bindings, interrupt)


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop turn until the condition holds; fail the test if it never does."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  what is waited for has no event of its own
            await asyncio.sleep(0)
