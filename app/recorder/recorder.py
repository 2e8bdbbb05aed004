"""Keeps every exchange: safe on this machine before its answer leaves, in Postgres soon after."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import structlog

from app.errors import InvalidRequest, RecorderFull, ShuttingDown, Unavailable, Unrecordable
from app.exchange import Exchange, FinishReason, Outcome
from app.recorder.codec import Unencodable, encode
from app.recorder.dead_letters import DeadLetters
from app.recorder.drain_thread import DrainThread, OpenStore
from app.recorder.drainer import Drainer
from app.recorder.segment import frame
from app.recorder.spool import Spool
from app.recorder.syncer import Syncer
from app.recorder.watermark import Watermark
from app.settings import RecorderSettings

LINGER_S = 0.05
MAX_SEGMENTS = 256
"""Each is held open until it is drained."""
HEADROOM = 1 / 16
"""Share of the room that only requests already in work may use."""
REFUSE_S = 1.0
"""After a failed write: how long everything is refused before the disk is tried again."""
DATABASE_TIMEOUT_S = 10.0
"""Longest wait for Postgres at durability `database`."""

log = structlog.get_logger(__name__)


class Recorder:
    """Appends exchanges to local segments, which a thread of its own drains into Postgres.

    Args:
        folder: Where the segments lie; several processes may share it.
        settings: Durability and bounds. `max_bytes` holds for each process.
        open_store: Connects to Postgres. It is called in the draining thread's event loop, and
            again after each failure.
    """

    def __init__(self, folder: Path, settings: RecorderSettings, open_store: OpenStore) -> None:
        self._settings = settings
        segment_bytes = max(settings.segment_bytes, settings.max_bytes // MAX_SEGMENTS)
        self._spool = Spool(folder, segment_bytes)
        self._dead_letters = DeadLetters(folder)
        self._synced, self._drained = Watermark(), Watermark()
        self._drainer = Drainer(self._spool, self._dead_letters, self._drained, settings.batch_rows)
        # Whoever waits for a thread shall not wait for company.
        linger_s = 0.0 if settings.durability == "database" else LINGER_S
        gather_s = 0.0 if settings.durability == "disk" else settings.sync_interval_ms / 1_000
        self._drain_thread = DrainThread(self._drainer, self._spool, open_store, linger_s)
        self._syncer = Syncer(self._spool, self._synced, gather_s)
        self._dropped: Counter[str] = Counter()
        self._recorded_total = 0
        self._pid = 0
        self._is_closed = True
        self._refuse_until: float | None = None
        self._folder = folder

    async def start(self) -> None:
        """Begin to accept exchanges, and to drain what earlier processes left.

        Raises:
            StartupError: the folder cannot be written.
        """
        self._spool.open()
        self._pid = os.getpid()
        self._is_closed = False
        self._syncer.start()
        self._drain_thread.start()

    def check_room(self) -> None:
        """Refuse early, before work is done for an exchange that could not be kept.

        Raises:
            RecorderFull: the bound is near, or the disk refused the last write.
            ShuttingDown: the recorder is closed.
        """
        self._check_open()
        if not self.has_room():
            self._dropped["refused"] += 1
            raise RecorderFull

    def has_room(self) -> bool:
        """Whether an exchange could be kept now.

        After a failed write it could not, until another write, at least a trial, succeeds.
        """
        if self._spool.pending_bytes >= self._settings.max_bytes * (1 - HEADROOM):
            return False
        if self._refuse_until is not None and time.monotonic() >= self._refuse_until:
            self._try_disk()
        return self._refuse_until is None

    async def record(self, exchange: Exchange) -> None:
        """Keep the exchange; when this returns it is as durable as the settings say.

        If what the filters made cannot be written, the exchange loses it, fails, and is kept so.

        Raises:
            Unrecordable: that has happened; the answer must not leave.
            RecorderFull: it could not be written.
            Unavailable: at durability `database`, Postgres did not take it in time. It is kept
                and will be stored, but its answer must not leave.
            InvalidRequest: its parameters or metadata are nested too deeply to be written.
            ShuttingDown: the recorder is closed.
        """
        self._check_open()
        record, is_whole = self._framed(exchange)
        position = self._append(record)
        if self._settings.durability == "process":
            # The threads that this wakes want the GIL: let the answer leave first.
            asyncio.get_running_loop().call_soon(self._nudge)
        else:
            self._nudge()
        if self._settings.durability == "disk":
            await self._reach_disk(position)
        elif self._settings.durability == "database":
            await self._reach_database(position)
        self._recorded_total += 1
        if not is_whole:
            raise Unrecordable

    async def close(self) -> None:
        """Drain for `drain_timeout_s` at most; what is left stays for the next process."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.to_thread(self._syncer.close)
        await asyncio.to_thread(self._drain_thread.close, self._settings.drain_timeout_s)
        if not self._drain_thread.is_alive:  # else it still reads; the process ends soon
            self._spool.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ShuttingDown
        if self._pid != os.getpid():
            raise RuntimeError("a recorder belongs to the process that started it")

    def _framed(self, exchange: Exchange) -> tuple[bytes, bool]:
        """Return the record, and whether it holds everything."""
        try:
            return frame(encode(exchange)), True
        except Unencodable:
            log.error("exchange_unencodable", exchange=str(exchange.id))  # noqa: TRY400 - may quote
        self._dropped["unencodable"] += 1
        _strip(exchange)
        try:
            return frame(encode(exchange)), False
        except Unencodable:
            raise InvalidRequest("The request holds values that cannot be recorded.") from None

    def _append(self, record: bytes) -> int:
        if self._spool.pending_bytes + len(record) > self._settings.max_bytes:
            self._dropped["full"] += 1
            raise RecorderFull
        try:
            position = self._spool.append(record)
        except OSError as error:
            self._dropped["write_failed"] += 1
            self._refuse_until = time.monotonic() + REFUSE_S
            log.error(  # noqa: TRY400 - says it all
                "record_not_written", folder=str(self._folder), error=error.strerror
            )
            raise RecorderFull from error
        self._refuse_until = None
        return position

    def _try_disk(self) -> None:
        """Find out whether the disk takes writes again, without risk to a record."""
        try:
            self._spool.try_write()
            self._refuse_until = None
        except OSError:
            self._refuse_until = time.monotonic() + REFUSE_S

    def _nudge(self) -> None:
        self._syncer.nudge()
        self._drain_thread.nudge()

    async def _reach_disk(self, position: int) -> None:
        try:
            await self._synced.reach(position)
        except OSError as error:
            self._dropped["sync_failed"] += 1
            raise RecorderFull from error

    async def _reach_database(self, position: int) -> None:
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT_S):
                await self._drained.reach(position)
        except TimeoutError:
            self._dropped["database_timeout"] += 1
            raise Unavailable from None

    @property
    def is_alive(self) -> bool:
        """Whether records still reach the disk and Postgres; a thread that died ends it."""
        return not self._is_closed and self._syncer.is_alive and self._drain_thread.is_alive

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for Postgres, also those that dead processes left in the folder."""
        return self._spool.pending_bytes

    @property
    def oldest_age_s(self) -> float:
        """At most how long the oldest pending exchange has waited; 0 when none waits."""
        return self._spool.oldest_age_s

    @property
    def recorded_total(self) -> int:
        """Exchanges accepted since the start."""
        return self._recorded_total

    @property
    def drained_total(self) -> int:
        """Exchanges that this process has brought to Postgres."""
        return self._drainer.drained_total

    @property
    def quarantined_total(self) -> int:
        """Torn, garbled or poisoned records set aside since the start."""
        return self._drainer.quarantined_total

    @property
    def dead_letters(self) -> int:
        """Records lying in the folder as files, because not even the quarantine took them."""
        return len(self._dead_letters)

    @property
    def failed_syncs(self) -> int:
        """Syncs that the disk refused since the start."""
        return self._syncer.failed_total

    @property
    def dropped(self) -> Mapping[str, int]:
        """Exchanges refused since the start, by reason.

        `refused` before any work; `full`, `write_failed`, `sync_failed`, `unencodable` (kept
        without what the filters made) and `database_timeout` after it, so no answer was given.
        """
        return self._dropped


def _strip(exchange: Exchange) -> None:
    """Take out everything that filters made, and let the exchange fail."""
    exchange.verdicts = []
    exchange.passages = exchange.citations = ()
    exchange.prompt_edits = exchange.completion_edits = ()
    exchange.outcome, exchange.finish_reason = Outcome.FAILED, FinishReason.ERROR
    exchange.error_code = Unrecordable.code
