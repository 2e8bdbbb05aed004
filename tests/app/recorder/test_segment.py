"""Whatever happens to the bytes of a segment, sound records are read and damage is told."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.recorder.segment import Entry, Segment, frame, scan

LINES = st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), min_size=1)


def lines_of(content: bytes) -> list[bytes]:
    return [entry.line for entry in scan(content) if not entry.damage]


def damages_of(content: bytes) -> list[Entry]:
    return [entry for entry in scan(content) if entry.damage]


@settings(deadline=None)
@given(LINES)
def test_reads_all_that_was_written(lines: list[bytes]) -> None:
    content = b"".join(map(frame, lines))

    assert lines_of(content) == lines
    assert not damages_of(content)
    assert [*scan(content)][-1].end == len(content)


@settings(deadline=None)
@given(LINES, st.data())
def test_a_cut_at_any_byte_loses_only_the_torn_record(
    lines: list[bytes], data: st.DataObject
) -> None:
    content = b"".join(map(frame, lines))
    cut = data.draw(st.integers(0, len(content)))
    whole = [entry for entry in scan(content) if entry.end <= cut + 1]  # the line feed may be cut

    entries = [*scan(content[:cut])]

    assert lines_of(content[:cut]) == [entry.line for entry in whole]
    assert [entry.damage for entry in entries[len(whole) :]] in ([], ["torn"])
    assert (entries[-1].end if entries else 0) == cut


@settings(deadline=None)
@given(LINES, st.data())
def test_a_flipped_bit_costs_one_record_at_most(lines: list[bytes], data: st.DataObject) -> None:
    content = bytearray(b"".join(map(frame, lines)))
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    hit = next(n for n, entry in enumerate(scan(bytes(content))) if entry.end > bit // 8)
    content[bit // 8] ^= 1 << bit % 8

    left = lines_of(bytes(content))

    assert left in (lines, lines[:hit] + lines[hit + 1 :])
    assert len(damages_of(bytes(content))) == len(lines) - len(left)


@settings(deadline=None)
@given(st.lists(st.binary(), max_size=5), LINES)
def test_records_after_garbage_are_read(garbage: list[bytes], lines: list[bytes]) -> None:
    content = b"\n".join(garbage) + b"\n" + b"".join(map(frame, lines))

    assert lines_of(content)[-len(lines) :] == lines


def test_a_record_inside_a_text_is_no_record() -> None:
    forged = frame(b"forged")[:-1]
    content = frame(b'{"prompt":"' + forged + b'"}')

    assert lines_of(content[:-3] + b"\n" + frame(b"next")) == [b"next"]


@pytest.fixture
def segment(tmp_path: Path) -> Generator[Segment]:
    created = Segment.create(tmp_path)
    yield created
    created.release()


def test_what_is_appended_is_read_until_it_is_drained(segment: Segment) -> None:
    segment.append(frame(b"one"))
    segment.append(frame(b"two"))

    segment.drained = len(frame(b"one"))

    assert lines_of(segment.read(segment.size)) == [b"two"]
    assert segment.pending == len(frame(b"two"))


def test_only_its_owner_may_read_the_file(segment: Segment) -> None:
    assert segment.path.stat().st_mode & 0o777 == 0o600


def test_nobody_adopts_what_has_an_owner(segment: Segment) -> None:
    assert Segment.adopt(segment.path) is None


def test_an_orphan_is_adopted_once(tmp_path: Path) -> None:
    left = Segment.create(tmp_path)
    left.append(frame(b"kept"))
    left.release()

    adopted = Segment.adopt(left.path)

    assert adopted is not None
    assert lines_of(adopted.read(adopted.size)) == [b"kept"]
    assert Segment.adopt(left.path) is None
    adopted.remove()
    assert Segment.adopt(left.path) is None
    assert not left.path.exists()


def test_a_file_that_was_removed_before_it_was_locked_is_not_taken(tmp_path: Path) -> None:
    left = Segment.create(tmp_path)
    second = os.open(left.path, os.O_RDWR)
    left.remove()
    os.close(second)

    assert Segment.adopt(left.path) is None


def test_a_new_file_that_was_taken_for_an_orphan_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def lose_the_race(fd: int, operation: int) -> None:
        monkeypatch.undo()
        next(tmp_path.glob("*.seg")).unlink()  # as an adopter does with an empty orphan
        lock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", lose_the_race)
    made = Segment.create(tmp_path)

    assert [*tmp_path.glob("*.seg")] == [made.path]
    made.release()


def test_a_disk_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)

    with pytest.raises(OSError, match="No locks"):
        Segment.create(tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_link_is_not_followed(tmp_path: Path, segment: Segment) -> None:
    link = tmp_path / "link.seg"
    link.symlink_to(segment.path)

    with pytest.raises(OSError, match="symbolic"):
        Segment.adopt(link)


@contextmanager
def largest_file(size: int) -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 5], ids=["nothing fits", "half fits"])
def test_a_record_is_written_whole_or_not_at_all(segment: Segment, room: int) -> None:
    segment.append(frame(b"first"))

    with largest_file(segment.size + room), pytest.raises(OSError, match=r"large|short"):
        segment.append(frame(b"does not fit"))

    assert segment.path.read_bytes() == frame(b"first")
    segment.append(frame(b"third"))
    assert lines_of(segment.read(segment.size)) == [b"first", b"third"]


def test_a_drained_segment_is_emptied_and_used_again(segment: Segment) -> None:
    segment.append(frame(b"old text"))
    segment.drained = segment.size

    segment.reuse()
    segment.append(frame(b"new"))

    assert segment.path.read_bytes() == frame(b"new")
    assert segment.pending == segment.size
