"""One Postgres server over one data directory. Its callers hold the start lock."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping

from app.errors import DatabaseError
from app.store.embedded.binaries import Binaries
from app.store.embedded.locks import STEP_S, FileLock
from app.store.embedded.place import Place, own_folder
from app.store.embedded.postmaster import USER, Postmaster

log = logging.getLogger(__name__)

START_TIMEOUT_S = 600.0
"""Recovery after a crash replays the log, and that may take minutes."""
STOP_TIMEOUT_S = 60.0
INITDB_TIMEOUT_S = 120.0
STARTS = 3
LOG_BYTES = 5_000_000
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "random_page_cost": "1.1",
    "jit": "off",
    # In files beside the data: containers give little of the other kind, and a kill leaves it.
    "dynamic_shared_memory_type": "mmap",
    # The log must never hold text from a request, and an error can quote it. Whoever sent the
    # statement is told; what concerns the server as a whole is logged.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class Server:
    """Makes the data directory, starts Postgres on it, waits, and shuts it down."""

    def __init__(self, place: Place, binaries: Binaries, settings: Mapping[str, str]) -> None:
        self.place = place
        self._binaries = binaries
        self._settings = SETTINGS | dict(settings)
        self._postmaster = Postmaster(place.data, place.socket_folder)

    def ensure(self) -> None:
        """Return when the server is ready, whatever state it was in.

        Raises:
            DatabaseError: it cannot be started, or takes too long.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        starts = 0
        while not self._postmaster.is_ready:
            if self._is_gone():
                starts += 1
                if starts > STARTS:
                    raise DatabaseError(
                        f"Postgres stops as soon as it starts. {self._last_words()}"
                    )
                self._start()
            elif time.monotonic() > deadline:
                raise DatabaseError(
                    f"Postgres is not ready after {START_TIMEOUT_S:.0f} s. {self._last_words()}"
                )
            time.sleep(STEP_S)

    def shut_down(self) -> None:
        """Stop the server and wait for its last process."""
        for number in (signal.SIGINT, signal.SIGQUIT):  # fast, then at once
            self._postmaster.signal(number)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while time.monotonic() < deadline:
                if self._is_gone():
                    self._remove_socket_folder()
                    return
                time.sleep(STEP_S)
        log.error("Postgres in %s does not stop", self.place.folder)

    def _is_gone(self) -> bool:
        """Tell whether not one process of the server is left."""
        lock = self._lock()
        try:
            return lock.try_acquire()
        finally:
            lock.close()

    def _lock(self) -> FileLock:
        return FileLock(self.place.folder / "server.lock", self.place.owner)

    def _start(self) -> None:
        if self.place.data.exists():
            self._check_version()
        else:
            self._make_data()
        if self.place.socket_folder != self.place.data:
            own_folder(self.place.socket_folder, self.place.owner)
        self._postmaster.clear_stale()
        lock = self._lock()
        try:
            lock.try_acquire()
            with open(self._open_log(), "ab") as log_file:
                self.place.owner.launch(
                    self._command(), self._binaries.environment, log_file, lock.fd
                )
        finally:
            lock.close()

    def _command(self) -> list[str]:
        command = [self._binaries.program("postgres"), "-D", str(self.place.data)]
        command += ["-k", str(self.place.socket_folder)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _open_log(self) -> int:
        path = self.place.log
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_name("log.1"))
        # The folder belongs to another user when we are root: do not follow a link laid there.
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self.place.owner.own(fd)
        return fd

    def _make_data(self) -> None:
        """Make the data directory beside its place, so that it is there whole or not at all."""
        unfinished = self.place.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [self._binaries.program("initdb"), "-D", str(unfinished), "-U", USER]
        command += ["-A", "trust", "-E", "UTF8", *self._locale_options()]
        try:
            self.place.owner.run(command, self._binaries.environment, INITDB_TIMEOUT_S)
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "output", None) or error).strip()
            raise DatabaseError(f"Postgres could not make its data directory: {said}") from error
        unfinished.rename(self.place.data)
        fd = os.open(self.place.folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _locale_options(self) -> list[str]:
        if self._binaries.major >= 17:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return ["--locale=C.UTF-8"]

    def _check_version(self) -> None:
        file = self.place.data / "PG_VERSION"
        made_by = file.read_text(encoding="ascii").strip() if file.exists() else "something else"
        if made_by != str(self._binaries.major):
            raise DatabaseError(
                f"The data in {self.place.data} was made by PostgreSQL {made_by}, but PostgreSQL "
                f"{self._binaries.major} is installed. Install the one it was made by, or move its "
                "content with pg_dump and set PENSTOCK_HOME to a new folder."
            )

    def _last_words(self) -> str:
        """Return the end of the log."""
        try:
            lines = self.place.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        return f"The end of {self.place.log}:\n" + "\n".join(lines[-8:])

    def _remove_socket_folder(self) -> None:
        if self.place.socket_folder != self.place.data:
            shutil.rmtree(self.place.socket_folder, ignore_errors=True)
