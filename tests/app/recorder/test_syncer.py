"""Records reach the disk soon, many with one sync, and a refusal is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.recorder.segment import frame
from app.recorder.spool import Spool
from app.recorder.syncer import Syncer
from app.recorder.watermark import Watermark

RECORD = frame(b"record")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    opened = Spool(tmp_path / "log", 1_000)
    opened.open()
    return opened


@pytest.mark.parametrize("interval_s", [0.0, 0.005])
async def test_a_written_record_is_synced(spool: Spool, interval_s: float) -> None:
    mark = Watermark()
    syncer = Syncer(spool, mark, interval_s)
    syncer.start()
    for _ in range(5):
        position = spool.append(RECORD)
        syncer.nudge()
        await mark.reach(position)

    syncer.close()

    assert not syncer.is_alive
    spool.close()


async def test_closing_syncs_what_is_left(spool: Spool) -> None:
    mark = Watermark()
    syncer = Syncer(spool, mark, 60.0)
    syncer.start()
    position = spool.append(RECORD)
    syncer.nudge()

    syncer.close()

    await mark.reach(position)
    spool.close()


async def test_a_refused_sync_is_told_and_the_thread_goes_on(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "log").rename(tmp_path / "moved")
    mark = Watermark()
    syncer = Syncer(spool, mark, 0.0)
    position = spool.append(RECORD)
    syncer.nudge()
    syncer.start()

    with pytest.raises(FileNotFoundError):
        await mark.reach(position)

    assert syncer.is_alive
    assert syncer.failed_total == 1
    position = spool.append(RECORD)
    syncer.nudge()
    await mark.reach(position)
    syncer.close()
    spool.close()
