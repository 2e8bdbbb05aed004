"""What a recorder promises, on a real Postgres."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.errors import (
    InvalidRequest,
    RecorderFull,
    ShuttingDown,
    StartupError,
    Unavailable,
    Unrecordable,
)
from app.exchange import Outcome
from app.recorder import Recorder
from app.recorder import recorder as recorder_module
from app.recorder.codec import encode
from app.recorder.segment import Segment, frame
from tests.app.recorder.test_segment import largest_file
from tests.exchanges import make_exchange
from tests.recording import eventually, opener, small_settings

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
SIZE = len(frame(encode(make_exchange())))


@asynccontextmanager
async def recording(folder: Path, url: str, **chosen: Any) -> AsyncGenerator[Recorder]:
    """Run a recorder; what was recorded is in Postgres at the end, if it is up."""
    settings = small_settings(**{"drain_timeout_s": 30.0, **chosen})
    recorder = Recorder(folder, settings, opener(url))
    await recorder.start()
    try:
        yield recorder
    finally:
        await recorder.close()


async def stored(url: str) -> list[UUID]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch("SELECT id FROM exchange ORDER BY id")]
    finally:
        await connection.close()


@pytest.mark.parametrize("durability", ["process", "disk", "database"])
async def test_what_was_recorded_is_stored(
    tmp_path: Path, database_url: str, durability: str
) -> None:
    exchanges = [make_exchange(f"question {n}") for n in range(20)]
    async with recording(tmp_path, database_url, durability=durability) as recorder:
        async with asyncio.TaskGroup() as group:
            for exchange in exchanges:
                group.create_task(recorder.record(exchange))
        assert recorder.is_alive
        at_return = await stored(database_url)

    if durability == "database":
        assert len(at_return) == 20
    assert await stored(database_url) == sorted(exchange.id for exchange in exchanges)
    assert recorder.recorded_total == recorder.drained_total == 20
    assert recorder.pending_bytes == 0
    assert recorder.oldest_age_s == 0
    assert recorder.quarantined_total == recorder.dead_letters == 0
    assert not recorder.dropped
    assert not recorder.is_alive
    assert os.listdir(tmp_path) == []


async def test_without_postgres_it_records_until_full_and_the_next_start_stores_all(
    tmp_path: Path, database_url: str
) -> None:
    *kept, refused = [make_exchange() for _ in range(21)]
    down = recording(tmp_path, NOWHERE, max_bytes=20 * SIZE, drain_timeout_s=0.0)
    async with down as recorder:
        for exchange in kept:
            await recorder.record(exchange)
        with pytest.raises(RecorderFull):
            await recorder.record(refused)
        with pytest.raises(RecorderFull):
            recorder.check_room()
        assert not recorder.has_room()
        assert recorder.pending_bytes == 20 * SIZE
        assert recorder.oldest_age_s > 0
        assert recorder.is_alive
        assert recorder.dropped == {"full": 1, "refused": 1}

    async with recording(tmp_path, database_url) as recorder:
        await eventually(lambda: not recorder.pending_bytes)
        assert recorder.drained_total == 20
    assert await stored(database_url) == [exchange.id for exchange in kept]


async def test_work_is_refused_before_the_last_room_is_taken(tmp_path: Path) -> None:
    room = 32 * SIZE
    async with recording(tmp_path, NOWHERE, max_bytes=room, drain_timeout_s=0.0) as recorder:
        for _ in range(30):
            recorder.check_room()
            await recorder.record(make_exchange())

        with pytest.raises(RecorderFull):
            recorder.check_room()
        await recorder.record(make_exchange())  # was let in before


async def test_a_full_disk_refuses_and_recovers(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path, database_url) as recorder:
        await recorder.record(make_exchange())
        assert recorder.has_room()
        with largest_file(100), capture_logs() as lines:
            with pytest.raises(RecorderFull):
                await recorder.record(make_exchange())
            monkeypatch.setattr(recorder_module, "REFUSE_S", 0.0)
            recorder._refuse_until = 0.0  # as if time had passed
            assert not recorder.has_room()
            with pytest.raises(RecorderFull):
                recorder.check_room()
        assert recorder.has_room()
        recorder.check_room()
        await recorder.record(make_exchange())

    assert len(await stored(database_url)) == 2
    assert recorder.dropped == {"write_failed": 1, "refused": 1}
    assert [line["folder"] for line in lines] == [str(tmp_path)]
    assert os.listdir(tmp_path) == []


async def test_after_a_failed_write_nothing_is_tried_for_a_while(tmp_path: Path) -> None:
    async with recording(tmp_path, NOWHERE, drain_timeout_s=0.0) as recorder:
        with largest_file(100), capture_logs(), pytest.raises(RecorderFull):
            await recorder.record(make_exchange())

        assert not recorder.has_room()
        await recorder.record(make_exchange())  # was let in before
        assert recorder.has_room()


async def test_a_disk_that_fails_to_sync_is_told_at_level_disk(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    settings = {"durability": "disk", "drain_timeout_s": 0.0}
    async with recording(folder, NOWHERE, **settings) as recorder:
        folder.rename(tmp_path / "moved")  # its name cannot be synced any more

        with pytest.raises(RecorderFull):
            await recorder.record(make_exchange())

        assert recorder.dropped == {"sync_failed": 1}


async def test_a_slow_postgres_delays_nobody(tmp_path: Path, database_url: str) -> None:
    blocker = await asyncpg.connect(database_url)
    async with recording(tmp_path, database_url) as recorder, blocker.transaction():
        await blocker.execute("LOCK TABLE exchange IN ACCESS EXCLUSIVE MODE")
        for _ in range(50):
            await recorder.record(make_exchange())
        assert recorder.drained_total == 0
        assert recorder.pending_bytes == 50 * SIZE
    await blocker.close()

    assert len(await stored(database_url)) == 50


async def test_level_database_gives_up_in_time_and_still_stores_it(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "DATABASE_TIMEOUT_S", 0.05)
    blocker = await asyncpg.connect(database_url)
    async with recording(tmp_path, database_url, durability="database") as recorder:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE exchange IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(Unavailable):
                await recorder.record(make_exchange())
        assert recorder.dropped == {"database_timeout": 1}
    await blocker.close()

    assert len(await stored(database_url)) == 1


async def test_two_recorders_share_a_folder(tmp_path: Path, database_url: str) -> None:
    left = Segment.create(tmp_path)
    orphan = make_exchange()
    left.append(frame(encode(orphan)))
    left.release()
    exchanges = [make_exchange() for _ in range(40)]
    async with (
        recording(tmp_path, database_url) as first,
        recording(tmp_path, database_url) as second,
    ):
        for one, other in zip(exchanges[::2], exchanges[1::2], strict=True):
            await first.record(one)
            await second.record(other)

    assert await stored(database_url) == [orphan.id, *sorted(e.id for e in exchanges)]
    assert first.drained_total + second.drained_total == 41


async def test_what_cannot_be_written_is_refused_without_quoting_it(tmp_path: Path) -> None:
    async with recording(tmp_path, NOWHERE, drain_timeout_s=0.0) as recorder:
        with pytest.raises(InvalidRequest, match="holds values that cannot be recorded") as caught:
            await recorder.record(make_exchange(metadata={"x": object()}))

        assert "object" not in str(caught.value)
        assert recorder.dropped == {"unencodable": 1}


@pytest.mark.parametrize(
    "made",
    [
        {"verdicts": [Path("secret")]},
        {"passages": (object(),)},
        {"citations": (Path("secret"),)},
        {"prompt_edits": (object(),)},
    ],
)
async def test_what_filters_made_and_nobody_can_write_costs_the_answer_not_the_record(
    tmp_path: Path, database_url: str, made: dict[str, Any]
) -> None:
    exchange = make_exchange("What happened?", **made)
    async with recording(tmp_path, database_url) as recorder:
        with pytest.raises(Unrecordable) as error:
            await recorder.record(exchange)
        assert recorder.dropped == {"unencodable": 1}

    assert await stored(database_url) == [exchange.id]
    assert (exchange.outcome, exchange.error_code) == (Outcome.FAILED, "unrecordable")
    assert exchange.completion == "A gate and a pipe."
    assert "secret" not in str(error.value)


async def test_after_closing_nothing_is_accepted(tmp_path: Path, database_url: str) -> None:
    async with recording(tmp_path, database_url) as recorder:
        pass
    await recorder.close()

    with pytest.raises(ShuttingDown):
        recorder.check_room()
    with pytest.raises(ShuttingDown):
        await recorder.record(make_exchange())


async def test_a_fork_may_not_use_its_parents_recorder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path, NOWHERE, drain_timeout_s=0.0) as recorder:
        monkeypatch.setattr(recorder, "_pid", 1)

        with pytest.raises(RuntimeError, match="process that started it"):
            await recorder.record(make_exchange())


async def test_a_folder_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")

    with pytest.raises(StartupError):
        await Recorder(tmp_path / "log", small_settings(), opener(NOWHERE)).start()
