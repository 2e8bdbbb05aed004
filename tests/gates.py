"""Holding model threads, and waiting for states instead of for time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from app.errors import ModelFailed
from app.runtime import Workers


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


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop turn until the condition holds; fail the test if it never does."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  what is waited for has no event of its own
            await asyncio.sleep(0)
