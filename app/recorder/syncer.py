"""The thread that forces records to the disk, many at a time."""

from __future__ import annotations

from threading import Event, Thread

import structlog

from app.recorder.spool import Spool
from app.recorder.watermark import Watermark

log = structlog.get_logger(__name__)


class Syncer:
    """Syncs the spool soon after it was written to.

    While one sync runs, further records gather and share the next one, so the number of syncs
    does not grow with the number of requests.

    Args:
        spool: What is synced.
        synced: Raised to the position after each sync.
        interval_s: How long to gather before each sync; 0 where somebody waits for it.
    """

    def __init__(self, spool: Spool, synced: Watermark, interval_s: float) -> None:
        self.failed_total = 0
        """Syncs that the disk refused."""
        self._spool = spool
        self._synced = synced
        self._interval_s = interval_s
        self._written = Event()
        self._closing = Event()
        self._thread = Thread(target=self._run, name="recorder-sync", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def nudge(self) -> None:
        """Say that something was written."""
        if not self._written.is_set():
            self._written.set()

    def close(self) -> None:
        """Sync once more and stop the thread."""
        self._closing.set()
        self._written.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._written.wait()
            self._closing.wait(self._interval_s)
            self._written.clear()
            self._sync()
        self._sync()

    def _sync(self) -> None:
        try:
            self._synced.advance(self._spool.sync())
        except OSError as error:
            self.failed_total += 1
            log.error("sync_failed", error=error.strerror)  # noqa: TRY400 - no traceback needed
            self._synced.fail(self._spool.written, error)
