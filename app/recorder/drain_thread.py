"""The thread that keeps the drainer going, whatever happens to Postgres."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from threading import Thread

import structlog

from app.recorder.drainer import Drainer, Store
from app.recorder.spool import Spool

ADOPT_EVERY_S = 5.0
BACK_OFF_S = (0.05, 2.0)
"""First and longest pause while Postgres is down."""
STOP_S = 5.0
"""Longest time the thread may take to notice that it is cancelled."""

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
"""Connects to Postgres in the thread's own event loop."""

log = structlog.get_logger(__name__)


class DrainThread:
    """Runs the drainer until closed.

    It has its own thread and event loop, so that a busy server does not hold up the log, nor
    writing the log the server. Every error is logged and followed by another try.

    Args:
        drainer: What it runs.
        spool: What is drained.
        open_store: Connects to Postgres; called again after each failure.
        linger_s: How long to let records gather; 0 where somebody waits for them.
    """

    def __init__(
        self, drainer: Drainer, spool: Spool, open_store: OpenStore, linger_s: float
    ) -> None:
        self._drainer = drainer
        self._spool = spool
        self._open_store = open_store
        self._linger_s = linger_s
        self._thread = Thread(target=self._main, name="recorder-drain", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._work = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._closing = False
        self._is_idle = False
        self._adopt_at = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Take over what dead owners left, and start the thread."""
        self._adopt()
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def nudge(self) -> None:
        """Say that something was written."""
        if self._is_idle:
            self._is_idle = False
            self._tell(self._work.set)

    def close(self, timeout_s: float) -> None:
        """Drain what this process wrote, for `timeout_s` at most, and stop the thread."""
        if not self._thread.is_alive():
            return
        self._closing = True
        self._tell(self._work.set)
        self._thread.join(timeout_s)
        self._tell(self._stop)
        self._thread.join(STOP_S)

    def _tell(self, do: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the thread has ended by itself
            self._loop.call_soon_threadsafe(do)

    def _stop(self) -> None:
        if self._running:
            self._running.cancel()

    def _main(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._run())
        except asyncio.CancelledError:
            log.warning("drain_cut_short", pending_bytes=self._spool.pending_bytes)
        except BaseException:
            log.critical("drainer_died", exc_info=True)

    async def _run(self) -> None:
        self._running = asyncio.current_task()
        first, longest = BACK_OFF_S
        pause = first
        while not self._is_done:
            progress = self._spool.drained
            try:
                async with self._open_store() as store:
                    await self._serve(store)
            except Exception as error:  # noqa: BLE001 - the log must go on, whatever it is
                pause = first if self._spool.drained > progress else min(pause * 2, longest)
                log.warning("drain_failed", error=type(error).__name__, again_in_s=pause)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    async def _serve(self, store: Store) -> None:
        while not self._is_done:
            self._adopt()
            await self._drainer.drain(store)
            await self._wait_for_work()

    @property
    def _is_done(self) -> bool:
        return self._closing and self._spool.drained == self._spool.written

    def _adopt(self) -> None:
        now = time.monotonic()
        if now >= self._adopt_at or self._spool.can_adopt_more:
            self._adopt_at = now + ADOPT_EVERY_S
            self._spool.adopt()

    async def _wait_for_work(self) -> None:
        self._work.clear()
        self._is_idle = True
        # Looking only after saying so: a record in between has seen it, or is seen here.
        if not (self._spool.pending_bytes or self._closing):
            with suppress(TimeoutError):
                async with asyncio.timeout(ADOPT_EVERY_S):
                    await self._work.wait()
        self._is_idle = False
        if not self._closing:
            await asyncio.sleep(self._linger_s)
