"""A server that ends in order: says so, serves on, finishes, keeps its records, exits with 0."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import FrameType
from typing import Any

import structlog
from uvicorn import Config, Server

from app.routes.draining import Drain
from app.settings import Settings

log = structlog.get_logger(__name__)

GRACE_S = 3.0
"""Time for the last events after the cut, and again for a shutdown that hangs."""


class DrainingServer(Server):
    """Serves until SIGTERM or SIGINT, then drains.

    After the first signal `/readyz` says 503 while requests are served for `drain_delay_s`. Then
    no connection is accepted any more, and requests in work have `shutdown_timeout_s` to end.
    What is left is cut: streams get a last event. Then the service is closed, which drains the
    records. A second signal cuts at once; a third one kills.

    Args:
        config: uvicorn's; its lifespan must be off.
        settings: how long to drain.
        drain: what the routes ask.
        service: opened before the server listens and closed after the last response.
        on_start: called with the server's address when it listens.
        on_hangup: called in the event loop at every SIGHUP while it serves.
    """

    def __init__(
        self,
        config: Config,
        settings: Settings,
        drain: Drain,
        service: AbstractAsyncContextManager[Any],
        on_start: Callable[[], None],
        on_hangup: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        config.timeout_graceful_shutdown = math.ceil(settings.shutdown_timeout_s + GRACE_S)
        self._settings = settings
        self._drain = drain
        self._service = service
        self._on_start = on_start
        self._on_hangup = on_hangup
        self._num_signals = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the service, serve, drain, close the service.

        Raises:
            StartupError: the service cannot be opened.
        """
        self._loop = asyncio.get_running_loop()
        with self.capture_signals():
            async with self._service:
                await self._serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._on_start()
        if not _has_terminal():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._on_hangup)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is in work, and cut what takes too long."""
        loop = asyncio.get_running_loop()
        cut = loop.call_later(self._settings.shutdown_timeout_s, self._drain.cut)
        try:
            await super().shutdown(sockets)
        finally:
            cut.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain; cut; exit: one step a signal."""
        self._num_signals += 1
        if self._num_signals > 2:
            # Nothing is lost: every answered exchange lies in a segment already.
            os._exit(128 + sig)
        log.info("draining", signal=signal.Signals(sig).name, at_once=self._num_signals == 2)
        assert self._loop is not None  # noqa: S101  signals are captured inside serve() only
        self._loop.call_soon_threadsafe(self._begin if self._num_signals == 1 else self._cut)

    def _begin(self) -> None:
        settings = self._settings
        self._drain.begin()
        delay_s = settings.drain_delay_s if self.started else 0.0
        asyncio.get_running_loop().call_later(delay_s, self._stop_accepting)
        waits_s = delay_s + settings.shutdown_timeout_s + settings.recorder.drain_timeout_s
        self._exit_after(waits_s + 4 * GRACE_S)

    def _cut(self) -> None:
        self._stop_accepting()
        self._drain.cut()
        self._exit_after(2 * GRACE_S)

    def _stop_accepting(self) -> None:
        self.should_exit = True

    def _exit_after(self, seconds: float) -> None:
        """Exit even if something hangs that no cancellation reaches."""
        last_resort = threading.Timer(seconds, os._exit, [1])
        last_resort.daemon = True
        last_resort.start()


def _has_terminal() -> bool:
    """Whether a SIGHUP may mean that the terminal was closed, which must end the server."""
    try:
        return os.isatty(0)
    except OSError:
        return False
