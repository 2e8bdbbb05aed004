"""The segments of one process: written at one end, drained at the other.

The request path appends, the drainer reads and removes, the syncer syncs; each from its own
thread. A lock guards which segments there are; it is never held while Postgres is waited for.
Positions count the bytes that this process has ever appended.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock

import structlog

from app.errors import StartupError
from app.recorder.segment import SUFFIX, Segment

MAX_ADOPTED = 16
"""Segments of dead owners held open at once."""
TRIAL_BYTES = 65_536
"""More than most records have."""
LASTING = {errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EINVAL}
"""Why a segment may never be read; anything else passes, such as too many open files."""

log = structlog.get_logger(__name__)


class Spool:
    """Appends records to segments and knows which bytes still wait for Postgres."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self.written = 0
        """Position after the last record."""
        self.drained = 0
        """Position up to which everything is in Postgres, or quarantined."""
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._lock = Lock()
        self._live: Segment | None = None
        self._sealed: list[Segment] = []
        self._adopted: list[Segment] = []
        self._left_behind: set[Path] = set()
        self._orphan_bytes = 0
        self._unsynced: set[Segment] = set()
        self._made_file = False
        self._caught_up_at = time.monotonic()

    def open(self) -> None:
        """Make the folder and the first segment.

        Raises:
            StartupError: the folder cannot be written.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._live = self._create()
        except OSError as error:
            raise StartupError(
                f"The exchange log cannot be written in {self._folder} ({error.strerror}). "
                "Make the folder writable, on a local disk with room."
            ) from error

    def append(self, record: bytes) -> int:
        """Write one framed record and return the position after it.

        Raises:
            OSError: it could not be written; nothing of it is kept.
        """
        with self._lock:
            if self.written == self.drained:
                self._caught_up_at = time.monotonic()
            if self._live is None:
                self._live = self._create()
            try:
                self._live.append(record)
            except OSError:
                self._seal()  # its end may be damaged
                raise
            self.written += len(record)
            self._unsynced.add(self._live)
            if self._live.size >= self._segment_bytes:
                self._seal()
            return self.written

    def try_write(self) -> None:
        """Write something that is worth nothing beside the segments, and let it vanish.

        Raises:
            OSError: it could not be written.
        """
        with TemporaryFile(dir=self._folder) as file:
            file.write(bytes(TRIAL_BYTES))

    def _create(self) -> Segment:
        segment = Segment.create(self._folder)
        self._made_file = True
        return segment

    def _seal(self) -> None:
        if self._live is None:
            return
        if self._live.size:
            self._sealed.append(self._live)
        else:
            self._live.remove()
        self._live = None

    @property
    def pending_bytes(self) -> int:
        """Bytes not yet in Postgres: of this process, and of owners that are gone."""
        adopted = sum(segment.pending for segment in self._adopted)
        return self.written - self.drained + adopted + self._orphan_bytes

    @property
    def oldest_age_s(self) -> float:
        """At most how long the oldest pending record has waited; 0 when none waits."""
        ages = [time.time() - segment.opened_at for segment in list(self._adopted)]
        if self.written > self.drained:
            ages.append(time.monotonic() - self._caught_up_at)
        return max(ages, default=0.0)

    def to_drain(self) -> list[Segment]:
        """Return this process's segments, and one of a dead owner's, oldest first.

        One at a time, so that much left behind does not hold up what is written now.
        """
        with self._lock:
            live = [self._live] if self._live and self._live.pending else []
            return [*self._sealed, *live, *self._adopted[:1]]

    def settle(self, segment: Segment, drained: int) -> None:
        """Note that `segment` needs no draining up to `drained`."""
        if segment not in self._adopted:
            self.drained += drained - segment.drained
        segment.drained = drained

    def clear(self, segment: Segment) -> None:
        """Delete a drained segment's records from the disk."""
        with self._lock:
            if segment.pending:
                return  # more was appended meanwhile
            self._unsynced.discard(segment)
            if segment is self._live:
                segment.reuse()
                return
            for held in (self._adopted, self._sealed):
                with suppress(ValueError):
                    held.remove(segment)
            segment.remove()

    def leave(self, segment: Segment) -> None:
        """Let go of an adopted segment that only a newer server can read."""
        self._left_behind.add(segment.path)
        self._adopted.remove(segment)
        segment.release()

    def caught_up(self, at: float) -> None:
        """Note that all records written before the monotonic time `at` are drained."""
        self._caught_up_at = at

    def adopt(self) -> None:
        """Take over segments whose owners are gone, as many as may be held at once."""
        orphan_bytes = 0
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            segment = self._adopt(path)
            if segment is None:
                continue
            if not segment.size:
                segment.remove()
            elif len(self._adopted) < MAX_ADOPTED:
                self._adopted.append(segment)
            else:
                orphan_bytes += segment.size
                segment.release()
        self._orphan_bytes = orphan_bytes

    @property
    def can_adopt_more(self) -> bool:
        """Whether there were more orphans than could be held, and those held are drained."""
        return self._orphan_bytes > 0 and not self._adopted

    def _adopt(self, path: Path) -> Segment | None:
        if path in self._left_behind:
            return None
        try:
            return Segment.adopt(path)  # fails on segments that this process holds, too
        except OSError as error:
            if error.errno in LASTING:
                self._left_behind.add(path)
            log.warning("segment_unreadable", path=str(path), error=error.strerror)
            return None

    def sync(self) -> int:
        """Force everything written so far to the disk and return its position.

        Raises:
            OSError: the disk failed; what was written since the last sync may be lost
                with the machine.
        """
        with ExitStack() as opened:
            with self._lock:
                position = self.written
                fds = [segment.duplicate(opened) for segment in self._unsynced]
                self._unsynced.clear()
                made_file, self._made_file = self._made_file, False
            for fd in fds:
                os.fdatasync(fd)
            if made_file:
                _sync_folder(self._folder)
        return position

    def close(self) -> None:
        """Let go of all segments; what is pending in them stays on the disk."""
        with self._lock:
            self._seal()
            for segment in (*self._sealed, *self._adopted):
                segment.release()
            self._sealed.clear()
            self._adopted.clear()


def _sync_folder(folder: Path) -> None:
    """Force the names of new files to the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
