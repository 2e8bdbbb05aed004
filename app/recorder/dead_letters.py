"""The last resort: records that neither the table nor the quarantine table takes, as files."""

from __future__ import annotations

import errno
import os
import secrets
import time
from pathlib import Path

SUFFIX = ".dead"
MAX_LETTERS = 10_000


class DeadLetters:
    """A bounded folder of records, one file each, for a person to look at.

    A file's name says when; its content is the record's bytes as they were; the log says why.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __len__(self) -> int:
        return sum(1 for _ in self._folder.glob(f"*{SUFFIX}"))

    def add(self, record: bytes) -> None:
        """Write one record and force it to the disk.

        Raises:
            OSError: the disk refused it, or there are too many already; the record stays
                where it was, and the log stops until somebody has looked.
        """
        if len(self) >= MAX_LETTERS:
            raise OSError(errno.EDQUOT, "too many dead letters")
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}{SUFFIX}"
        partial = self._folder / f".{name}"
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(record)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(self._folder / name)
