"""Whatever Postgres does, requests go on, and afterwards everything is stored."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.errors import DatabaseError, RecorderFull
from app.recorder import Recorder, drain_thread
from tests.app.recorder.test_segment import largest_file
from tests.exchanges import make_exchange
from tests.faults.killable import KillablePostgres
from tests.faults.stored import Stored
from tests.recording import eventually, opener, small_settings

pytestmark = pytest.mark.fault


class Log:
    """A recorder, and the ids it has accepted."""

    def __init__(self, folder: Path, url: str, **chosen: Any) -> None:
        self.url = url
        self.recorder = Recorder(folder, small_settings(**chosen), opener(url))
        self.accepted: set[str] = set()

    async def record(self, count: int) -> None:
        """Record so many exchanges."""
        for _ in range(count):
            exchange = make_exchange()
            await self.recorder.record(exchange)
            self.accepted.add(str(exchange.id))

    async def drained(self) -> None:
        """Wait until nothing is pending."""
        await eventually(lambda: not self.recorder.pending_bytes)

    async def missing(self) -> set[str]:
        """Return what was accepted and is not stored."""
        return self.accepted - set((await Stored.read(self.url)).exchanges)


@asynccontextmanager
async def logging_to(
    postgres: KillablePostgres, folder: Path, **chosen: Any
) -> AsyncGenerator[Log]:
    log = Log(folder, postgres.url, **chosen)
    await log.recorder.start()
    try:
        yield log
    finally:
        await log.recorder.close()


async def test_a_restart_of_postgres_delays_the_log_only(
    killable: KillablePostgres, tmp_path: Path
) -> None:
    async with logging_to(killable, tmp_path) as log:
        await log.record(20)
        await log.drained()
        await asyncio.to_thread(killable.kill)
        await log.record(50)
        assert log.recorder.is_alive
        assert log.recorder.pending_bytes > 0

        await asyncio.to_thread(killable.revive)
        await log.drained()

        assert await log.missing() == set()
        assert log.recorder.quarantined_total == 0


async def test_a_start_without_postgres(killable: KillablePostgres, tmp_path: Path) -> None:
    await asyncio.to_thread(killable.kill)
    async with logging_to(killable, tmp_path) as log:
        await log.record(50)
        assert log.recorder.is_alive
        assert log.recorder.drained_total == 0

        await asyncio.to_thread(killable.revive)
        await log.drained()

        assert await log.missing() == set()


async def test_a_postgres_that_is_frozen_holds_up_nobody(
    killable: KillablePostgres, tmp_path: Path
) -> None:
    async with logging_to(killable, tmp_path) as log:
        await log.record(5)
        await log.drained()
        with killable.frozen():
            await log.record(50)
            assert log.recorder.is_alive
            assert log.recorder.pending_bytes > 0
        await log.drained()

        assert await log.missing() == set()


async def test_closing_does_not_wait_for_a_frozen_postgres(
    killable: KillablePostgres, tmp_path: Path
) -> None:
    async with logging_to(killable, tmp_path, drain_timeout_s=0.1) as log:
        await log.record(5)
        await log.drained()
        with killable.frozen():
            await log.record(50)
            await asyncio.sleep(0.1)  # until the thread waits for an answer
            started = time.monotonic()
            await log.recorder.close()
            took = time.monotonic() - started

    assert took < 2 * drain_thread.STOP_S
    assert not log.recorder.is_alive
    async with logging_to(killable, tmp_path) as again:
        await again.drained()
    assert await log.missing() == set()


async def test_a_full_disk_under_postgres_delays_the_log_only(
    killable: KillablePostgres, tmp_path: Path
) -> None:
    async with logging_to(killable, tmp_path) as log:
        await asyncio.to_thread(killable.kill)
        # Its recovery has to write, and may not; the recorder's small files may still grow.
        with largest_file(200_000), pytest.raises(DatabaseError, match="stops as soon as"):
            await asyncio.to_thread(killable.revive)
        await log.record(50)
        assert log.recorder.is_alive
        assert log.recorder.drained_total == 0

        await asyncio.to_thread(killable.revive)
        await log.drained()

        assert await log.missing() == set()
        assert log.recorder.quarantined_total == 0


async def test_a_full_log_refuses_until_postgres_is_back(
    killable: KillablePostgres, tmp_path: Path
) -> None:
    await asyncio.to_thread(killable.kill)
    async with logging_to(killable, tmp_path, max_bytes=40_000) as log:
        with pytest.raises(RecorderFull):
            await log.record(1_000)
        with pytest.raises(RecorderFull):
            log.recorder.check_room()

        await asyncio.to_thread(killable.revive)
        await log.drained()

        log.recorder.check_room()
        await log.record(1)
        await log.drained()
        assert await log.missing() == set()
        assert os.listdir(tmp_path) != []
