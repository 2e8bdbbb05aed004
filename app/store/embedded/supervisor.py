"""Starts, shares, revives and stops the embedded Postgres.

Three locks in its folder tell the story, and the kernel drops each when its holder dies,
however it dies. `start.lock`: one process at a time starts or stops the server. `users.lock`:
held, shared, by every process that uses it. `server.lock`: inherited by Postgres itself and
all of its backends, so it is free only when not one of them is left.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from app.store.embedded.binaries import Binaries, find_binaries
from app.store.embedded.locks import FileLock, held
from app.store.embedded.place import ROOT_HOME, find_place, reachable
from app.store.embedded.postmaster import USER
from app.store.embedded.server import START_TIMEOUT_S, Server


class EmbeddedPostgres:
    """A Postgres under `home`, shared by all processes that were given the same home.

    Its methods block; call them through `asyncio.to_thread` from async code.

    Args:
        home: The state folder; the server lives in its folder `postgres`.
        settings: Postgres settings that win over ours.
        binaries: An installation other than the one that would be found.
        root_home: Where root keeps data and programs that the server's user cannot reach.
    """

    def __init__(
        self,
        home: Path,
        *,
        settings: Mapping[str, str] | None = None,
        binaries: Binaries | None = None,
        root_home: Path = ROOT_HOME,
    ) -> None:
        self.home = home
        self._settings = dict(settings or {})
        self._binaries = binaries
        self._root_home = root_home
        self._server: Server | None = None
        self._user_lock: FileLock | None = None

    def start(self) -> str:
        """Start the server, or join the one that runs, and return its address.

        Raises:
            DatabaseError: it cannot be started; the message says how to mend that.
        """
        server = self._open()
        with self._one_at_a_time(server):
            if self._user_lock is None:
                self._user_lock = self._join(server)
            try:
                server.ensure()
            except BaseException:
                self._leave()
                raise
        return f"postgresql://{USER}@/postgres?host={quote(str(server.place.socket_folder))}"

    def ensure(self) -> None:
        """Start the server again if it died; wait if it is recovering.

        Raises:
            DatabaseError: as for `start`.
        """
        server = self._open()
        with self._one_at_a_time(server):
            server.ensure()

    def stop(self) -> bool:
        """Leave the server, and stop it if nobody else uses it; tell whether it was stopped."""
        if self._user_lock is None:
            return False
        server = self._open()
        with self._one_at_a_time(server):
            is_last = self._user_lock.try_acquire()
            if is_last:
                server.shut_down()
            self._leave()
        return is_last

    def _open(self) -> Server:
        if self._server is None:
            place = find_place(self.home, self._root_home)
            binaries = self._binaries or find_binaries()
            binaries = reachable(binaries, place.owner, self._root_home)
            self._server = Server(place, binaries, self._settings)
        return self._server

    @contextmanager
    def _one_at_a_time(self, server: Server) -> Generator[None]:
        with held(server.place.folder / "start.lock", server.place.owner, START_TIMEOUT_S):
            yield

    def _join(self, server: Server) -> FileLock:
        lock = FileLock(server.place.folder / "users.lock", server.place.owner)
        lock.try_acquire(shared=True)
        return lock

    def _leave(self) -> None:
        if self._user_lock is not None:
            self._user_lock.close()
            self._user_lock = None
