"""The segments of a process: bounded, in order, and shared with nobody while it lives."""

from __future__ import annotations

import errno
from collections.abc import Generator
from pathlib import Path

import pytest

from app.errors import StartupError
from app.recorder.segment import Segment, frame, scan
from app.recorder.spool import MAX_ADOPTED, Spool
from tests.app.recorder.test_segment import largest_file

RECORD = frame(b"x" * 80)


@pytest.fixture
def spool(tmp_path: Path) -> Generator[Spool]:
    opened = Spool(tmp_path, segment_bytes=3 * len(RECORD))
    opened.open()
    yield opened
    opened.close()


def drain(spool: Spool) -> list[bytes]:
    """Drain all there is, as if it went to Postgres."""
    lines = []
    for segment in spool.to_drain():
        lines += [entry.line for entry in scan(segment.read(segment.size))]
        spool.settle(segment, segment.size)
        spool.clear(segment)
    return lines


def files(folder: Path) -> list[int]:
    return [path.stat().st_size for path in sorted(folder.glob("*.seg"))]


def orphan(folder: Path, record: bytes = RECORD) -> None:
    segment = Segment.create(folder)
    segment.append(record)
    segment.release()


def test_segments_are_rolled_and_drained_in_order(spool: Spool, tmp_path: Path) -> None:
    lines = [b"%080d" % n for n in range(7)]
    positions = [spool.append(frame(line)) for line in lines]

    assert files(tmp_path) == [3 * len(RECORD), 3 * len(RECORD), len(RECORD)]
    assert positions == [n * len(RECORD) for n in range(1, 8)]
    assert spool.pending_bytes == 7 * len(RECORD)
    assert drain(spool) == lines
    assert spool.pending_bytes == 0
    assert spool.drained == spool.written == positions[-1]


def test_no_text_stays_on_disk_after_it_was_drained(spool: Spool, tmp_path: Path) -> None:
    for _ in range(4):
        spool.append(RECORD)

    drain(spool)

    assert files(tmp_path) == [0]
    spool.close()
    assert files(tmp_path) == []


def test_what_comes_while_draining_is_kept(spool: Spool) -> None:
    spool.append(RECORD)
    (segment,) = spool.to_drain()
    spool.settle(segment, segment.size)
    spool.append(frame(b"late"))

    spool.clear(segment)

    assert drain(spool) == [b"late"]


def test_a_segment_that_rolled_while_drained_is_removed_later(spool: Spool, tmp_path: Path) -> None:
    spool.append(RECORD)
    (segment,) = spool.to_drain()
    spool.settle(segment, segment.size)
    with largest_file(segment.size), pytest.raises(OSError, match="large"):
        spool.append(RECORD)
    spool.clear(segment)

    assert drain(spool) == []
    assert files(tmp_path) == []


def test_a_failed_write_changes_nothing(spool: Spool, tmp_path: Path) -> None:
    spool.append(RECORD)
    written = spool.written

    with largest_file(len(RECORD) + 10), pytest.raises(OSError, match=r"large|short"):
        spool.append(RECORD)

    assert spool.written == written
    spool.append(frame(b"next"))
    assert drain(spool) == [b"x" * 80, b"next"]
    assert files(tmp_path) == [0]


def test_what_a_dead_owner_left_is_adopted(spool: Spool, tmp_path: Path) -> None:
    orphan(tmp_path)
    spool.adopt()

    assert spool.pending_bytes == len(RECORD)
    assert spool.oldest_age_s > 0
    assert drain(spool) == [b"x" * 80]
    assert spool.pending_bytes == 0
    assert spool.drained == spool.written == 0


def test_a_living_owner_keeps_its_segments(spool: Spool, tmp_path: Path) -> None:
    for _ in range(4):  # a rolled one and a live one
        spool.append(RECORD)
    other = Spool(tmp_path, segment_bytes=1_000)
    other.open()

    other.adopt()

    assert other.to_drain() == []
    assert other.pending_bytes == 0
    other.close()
    assert len(drain(spool)) == 4


def test_adopts_a_bounded_number_and_counts_the_rest(spool: Spool, tmp_path: Path) -> None:
    for _ in range(MAX_ADOPTED + 3):
        orphan(tmp_path)

    spool.adopt()

    assert spool.pending_bytes == (MAX_ADOPTED + 3) * len(RECORD)
    assert not spool.can_adopt_more
    for _ in range(MAX_ADOPTED):
        drain(spool)
    assert spool.can_adopt_more
    assert spool.pending_bytes == 3 * len(RECORD)
    spool.adopt()
    for _ in range(3):
        drain(spool)
    assert spool.pending_bytes == 0
    assert files(tmp_path) == [0]


def test_empty_and_unreadable_orphans_do_no_harm(spool: Spool, tmp_path: Path) -> None:
    orphan(tmp_path, b"")
    (tmp_path / "folder.seg").mkdir()
    (tmp_path / "link.seg").symlink_to("/etc/passwd")

    spool.adopt()
    spool.adopt()

    assert spool.pending_bytes == 0
    assert files(tmp_path)[0] == 0


def test_what_cannot_be_opened_for_a_while_is_adopted_later(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan(tmp_path)

    def out_of_files(path: Path) -> None:
        raise OSError(errno.EMFILE, "Too many open files", path)

    with monkeypatch.context() as patched:
        patched.setattr(Segment, "adopt", out_of_files)
        spool.adopt()
    assert spool.to_drain() == []

    spool.adopt()
    assert len(drain(spool)) == 1


def test_what_is_left_to_a_newer_server_is_let_alone(spool: Spool, tmp_path: Path) -> None:
    orphan(tmp_path)
    spool.adopt()
    (segment,) = spool.to_drain()

    spool.leave(segment)
    spool.adopt()

    assert spool.to_drain() == []
    again = Segment.adopt(segment.path)
    assert again is not None
    again.release()


def test_age_counts_from_the_oldest_pending_record(spool: Spool) -> None:
    assert spool.oldest_age_s == 0

    spool.append(RECORD)

    assert 0 < spool.oldest_age_s < 60
    drain(spool)
    assert spool.oldest_age_s == 0


def test_a_sync_reaches_what_was_written(spool: Spool) -> None:
    assert spool.sync() == 0
    for _ in range(4):
        spool.append(RECORD)

    assert spool.sync() == spool.written
    drain(spool)
    assert spool.sync() == spool.written


def test_a_sync_that_the_folder_refuses_raises(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    spool = Spool(folder, 1_000)
    spool.open()
    folder.rename(tmp_path / "moved")

    with pytest.raises(FileNotFoundError):
        spool.sync()
    spool.close()


def test_what_is_pending_stays_on_disk_at_the_end(spool: Spool, tmp_path: Path) -> None:
    for _ in range(4):
        spool.append(RECORD)

    spool.close()

    assert files(tmp_path) == [3 * len(RECORD), len(RECORD)]


def test_a_folder_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StartupError, match="Make the folder writable"):
        Spool(tmp_path / "file" / "log", 1_000).open()
