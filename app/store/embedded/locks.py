"""Locks on files, which the kernel drops when their last holder is gone."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from app.errors import DatabaseError
from app.store.embedded.owner import Owner

STEP_S = 0.01


class FileLock:
    """A lock held by an open file; everyone who inherits the file holds it too."""

    def __init__(self, path: Path, owner: Owner) -> None:
        # The folder belongs to another user when we are root: do not follow a link laid there.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self.fd = os.open(path, flags, 0o600)
        owner.own(self.fd)

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Take the lock if nobody stands against it."""
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self.fd, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let go."""
        os.close(self.fd)


@contextmanager
def held(path: Path, owner: Owner, timeout_s: float) -> Generator[None]:
    """Hold a lock alone.

    Raises:
        DatabaseError: another process kept it for longer than `timeout_s`.
    """
    lock = FileLock(path, owner)
    deadline = time.monotonic() + timeout_s
    try:
        while not lock.try_acquire():
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"Another process has been starting or stopping the Postgres in {path.parent} "
                    f"for more than {timeout_s:.0f} s. See the file `log` there."
                )
            time.sleep(STEP_S)
        yield
    finally:
        lock.close()
