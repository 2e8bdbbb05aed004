import os
import signal
import threading
from collections.abc import Generator
from pathlib import Path

import asyncpg
import pytest

from app.errors import DatabaseError
from app.store.embedded import server as server_module
from app.store.embedded.binaries import find_binaries
from app.store.embedded.locks import FileLock
from app.store.embedded.place import find_place, reachable
from app.store.embedded.postmaster import USER
from app.store.embedded.server import LOG_BYTES, Server
from tests.postgres import CARELESS, children_of, kill_server, server_pid

pytestmark = pytest.mark.fault


@pytest.fixture
def server(home: Path) -> Generator[Server]:
    made = make(home)
    yield made
    made.shut_down()


def make(home: Path, **settings: str) -> Server:
    place = find_place(home)
    return Server(place, reachable(find_binaries(), place.owner), CARELESS | settings)


async def ask(server: Server, question: str) -> object:
    folder = str(server.place.socket_folder)
    connection = await asyncpg.connect(host=folder, user=USER, database="postgres", timeout=10)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_the_database_holds_any_text_and_lowers_it(server: Server) -> None:
    server.ensure()

    assert await ask(server, "SHOW server_encoding") == "UTF8"
    assert await ask(server, "SELECT lower('ÄÖΣ')") == "äöσ"


async def test_statements_that_fail_are_not_logged(server: Server) -> None:
    server.ensure()
    await ask(server, "CREATE TABLE t (n int PRIMARY KEY CHECK (n > 0))")
    for statement in ("INSERT INTO t VALUES (-987654)", "SELECT 'x987654'::int"):
        with pytest.raises(asyncpg.PostgresError):
            await ask(server, statement)

    assert "987654" not in server.place.log.read_text()


def test_half_a_data_directory_is_made_anew(server: Server) -> None:
    unfinished = server.place.folder / "data.new"
    (unfinished / "base").mkdir(parents=True)
    server.ensure()

    assert not unfinished.exists()


def test_data_of_another_version_is_left_alone(server: Server) -> None:
    server.place.data.mkdir()
    (server.place.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(DatabaseError, match=r"made by PostgreSQL 16.*PostgreSQL 18 is installed"):
        server.ensure()
    assert os.listdir(server.place.data) == ["PG_VERSION"]


def test_a_server_that_does_not_start_says_why(home: Path) -> None:
    with pytest.raises(DatabaseError, match="as soon as it starts") as caught:
        make(home, shared_buffers="plenty").ensure()
    assert 'invalid value for parameter "shared_buffers"' in caught.value.message


def test_a_data_directory_that_cannot_be_made_says_why(home: Path) -> None:
    server = make(home)
    fd = os.open(server.place.folder, os.O_RDONLY)
    os.fchmod(fd, 0o500)
    os.close(fd)
    with pytest.raises(DatabaseError, match=r"(?s)could not make its data directory.*ermission"):
        server.ensure()


def test_waiting_for_it_has_an_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that outlives its server keeps a new one from starting."""
    monkeypatch.setattr(server_module, "START_TIMEOUT_S", 0.05)
    backend = FileLock(server.place.folder / "server.lock", server.place.owner)
    assert backend.try_acquire()
    with pytest.raises(DatabaseError, match="not ready"):
        server.ensure()
    backend.close()


async def test_it_waits_for_backends_of_a_killed_server(home: Path, server: Server) -> None:
    server.ensure()
    child = children_of(server_pid(home))[0]
    os.kill(child, signal.SIGSTOP)  # it cannot notice the death of its parent
    kill_server(home)
    timer = threading.Timer(0.1, os.kill, (child, signal.SIGCONT))
    timer.start()
    server.ensure()
    timer.join()

    assert await ask(server, "SELECT 1") == 1


async def test_a_path_too_long_for_a_socket_works(home: Path) -> None:
    server = make(home / ("long " * 30))
    try:
        server.ensure()
        assert await ask(server, "SELECT 1") == 1
        assert server.place.socket_folder.stat().st_mode & 0o777 == 0o700
    finally:
        server.shut_down()
    assert not server.place.socket_folder.exists()


def test_a_socket_folder_that_others_can_open_is_refused(home: Path) -> None:
    server = make(home / ("long " * 30))
    server.place.socket_folder.mkdir(mode=0o755)
    try:
        with pytest.raises(DatabaseError, match="0700"):
            server.ensure()
    finally:
        server.place.socket_folder.rmdir()


def test_a_long_log_is_put_aside(server: Server) -> None:
    server.place.log.write_bytes(b"x" * (LOG_BYTES + 1))
    server.ensure()

    assert server.place.log.with_name("log.1").stat().st_size == LOG_BYTES + 1
    assert server.place.log.stat().st_size < 10_000
