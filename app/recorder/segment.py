"""One append-only file of records, locked by the process that holds it.

A record is one line, `crc32 length json`. The JSON never holds a raw line feed, so after
damage the next line feed is where reading can start again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SUFFIX = ".seg"

_HEADER = re.compile(rb"([0-9a-f]{8}) ([0-9]{1,10}) ")
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, or a damaged stretch, as it stands in a segment."""

    line: bytes
    """The record without its header; of a damaged stretch all its bytes."""
    end: int
    """Where the next entry begins, counted from the start of the scanned bytes."""
    damage: str | None = None
    """`torn` at the end of the file, `garbled` before it."""


def frame(line: bytes) -> bytes:
    """Return the record as it stands in a segment."""
    return b"%08x %d %b\n" % (zlib.crc32(line), len(line), line)


def scan(content: bytes) -> Iterator[Entry]:
    """Yield all entries in order; what is damaged costs no sound record beside it."""
    start = 0
    while start < len(content):
        line = _sound_line(content, start)
        if line is not None:
            # The byte after a sound line is its line feed, even if that byte was damaged.
            start = min(line.stop + 1, len(content))
            yield Entry(content[line], start)
            continue
        resume = _next_sound(content, start)
        torn = resume == len(content) and not content.endswith(b"\n")
        yield Entry(content[start:resume], resume, "torn" if torn else "garbled")
        start = resume


def _sound_line(content: bytes, start: int) -> slice | None:
    header = _HEADER.match(content, start)
    if header is None:
        return None
    line = slice(header.end(), header.end() + int(header[2]))
    if line.stop > len(content) or zlib.crc32(memoryview(content)[line]) != int(header[1], 16):
        return None
    return line


def _next_sound(content: bytes, start: int) -> int:
    """Return where reading can start again after damage at `start`."""
    while (feed := content.find(b"\n", start)) >= 0:
        start = feed + 1
        if _sound_line(content, start) is not None:
            return start
    return len(content)


class Segment:
    """A segment file, open and locked.

    Whoever holds the lock may drain and remove it; the kernel drops the lock with the process.
    """

    def __init__(self, path: Path, fd: int) -> None:
        found = os.fstat(fd)
        self.path = path
        self.size = found.st_size
        """Bytes of whole records; a failed write may have left more in the file."""
        self.opened_at = found.st_mtime
        """When it was last written before this process held it, in seconds since the epoch."""
        self.drained = 0
        """Bytes that have reached Postgres."""
        self._fd = fd

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make an empty segment with a name nobody else has.

        Raises:
            OSError: the folder cannot be written, or knows no locks.
        """
        while True:
            name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
            path = folder / name
            fd = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                if _lock(fd):
                    return cls(path, fd)
            except OSError:
                path.unlink(missing_ok=True)
                raise
            # Another process found the file before it was locked, and took it for an orphan.

    @classmethod
    def adopt(cls, path: Path) -> Self | None:
        """Take over a segment whose owner is gone; None if it has one, or was drained meanwhile.

        Raises:
            OSError: it cannot be opened.
        """
        try:
            fd = os.open(path, _FLAGS)
        except FileNotFoundError:
            return None
        return cls(path, fd) if _lock(fd) else None

    @property
    def pending(self) -> int:
        """Bytes that have not reached Postgres."""
        return self.size - self.drained

    def append(self, record: bytes) -> None:
        """Write one framed record, whole or not at all.

        Raises:
            OSError: it could not be written.
        """
        written = 0
        try:
            written = os.write(self._fd, record)
        finally:
            if written != len(record):
                with suppress(OSError):
                    os.ftruncate(self._fd, self.size)
        if written != len(record):
            raise OSError(errno.ENOSPC, "short write")
        self.size += len(record)

    def read(self, stop: int) -> bytes:
        """Return what has not been drained up to `stop`; less only if somebody cut the file."""
        parts = []
        start = self.drained
        while start < stop and (part := os.pread(self._fd, stop - start, start)):
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def reuse(self) -> None:
        """Empty a drained segment, so that no text stays longer on disk than it must."""
        os.ftruncate(self._fd, 0)
        self.size = self.drained = 0

    def duplicate(self, closing: ExitStack) -> int:
        """Return a second file descriptor of the file, which `closing` closes."""
        fd = os.dup(self._fd)
        closing.callback(os.close, fd)
        return fd

    def remove(self) -> None:
        """Delete the file and let go of it."""
        self.path.unlink(missing_ok=True)
        os.close(self._fd)

    def release(self) -> None:
        """Let go of the file, which stays for whoever adopts it next."""
        os.close(self._fd)


def _lock(fd: int) -> bool:
    """Lock a file for this process, or close it; False also if it was removed meanwhile."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink:
            return True
    except BlockingIOError:
        pass
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return False
