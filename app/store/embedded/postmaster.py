"""What is known of a running Postgres from its files.

Both `postmaster.pid` and the socket's lock file carry a process id, and either may be stale:
the process gone, a zombie, or another one that got the same number.
"""

from __future__ import annotations

import os
from pathlib import Path

PID_LINE = 0
STATUS_LINE = 7
SOCKET = ".s.PGSQL.5432"


class Postmaster:
    """The server process of one data directory, alive or not."""

    def __init__(self, data: Path, socket_folder: Path) -> None:
        self.data = data
        self.socket_folder = socket_folder
        self._pid_file = data / "postmaster.pid"
        self._socket_lock = socket_folder / f"{SOCKET}.lock"

    @property
    def pid(self) -> int | None:
        """The process id of the server, or None if none of ours runs."""
        return self._live_pid(self._pid_file)

    @property
    def is_ready(self) -> bool:
        """The server runs and accepts connections."""
        lines = _lines(self._pid_file)
        if len(lines) <= STATUS_LINE or lines[STATUS_LINE].strip() != "ready":
            return False
        return self.pid is not None and (self.socket_folder / SOCKET).exists()

    def clear_stale(self) -> None:
        """Remove files that a dead server left; only under the start lock."""
        for file in (self._pid_file, self._socket_lock):
            if self._live_pid(file) is None:
                file.unlink(missing_ok=True)

    def signal(self, number: int) -> None:
        """Send a signal, if it runs."""
        pid = self.pid
        if pid is not None:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return

    def _live_pid(self, file: Path) -> int | None:
        """Return the pid in a file if that process serves this data directory."""
        lines = _lines(file)
        if not lines or not lines[PID_LINE].strip().isdigit():
            return None
        pid = int(lines[PID_LINE])
        try:
            # Empty for a zombie.
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        is_ours = Path(os.fsdecode(command[0])).name == "postgres"
        return pid if is_ours and os.fsencode(self.data) in command else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
