"""What is known of a running Postgres from its files and its socket.

Both `postmaster.pid` and the socket's lock file carry a process id, and either may be stale:
the process gone, a zombie, or another one that got the same number.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
USER = "penstock"
PROTOCOL = 196_608
"""Version 3.0."""
CANNOT_CONNECT_NOW = b"57P03"
ANSWER_TIMEOUT_S = 5.0
_WHO = struct.pack("!i", PROTOCOL) + f"user\0{USER}\0database\0postgres\0\0".encode()
GREETING = struct.pack("!i", len(_WHO) + 4) + _WHO
"""How a client begins to talk to Postgres."""


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
        """The server accepts connections: it is not starting, stopping or recovering.

        Its files do not tell: they call a server ready that recovers from a crash.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_TIMEOUT_S)
            try:
                connection.connect(str(self.socket_folder / SOCKET))
                connection.sendall(GREETING)
                answer = connection.recv(1024)
            except OSError:
                return False
        return answer != b"" and CANNOT_CONNECT_NOW not in answer

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
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
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
