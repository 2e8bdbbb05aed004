"""The embedded Postgres as its users see it: shared, killed, found again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from app.errors import DatabaseError
from app.store.embedded import EmbeddedPostgres, supervisor
from app.store.embedded.locks import held
from app.store.embedded.owner import Owner, choose_owner
from tests.postgres import CARELESS, kill_server, server_pid, throwaway_home
from tests.postgres_user import OtherProcess

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def used_home() -> Generator[Path]:
    with throwaway_home() as folder:
        with running(folder):
            pass
        yield folder


@pytest.fixture
def home(home: Path, used_home: Path) -> Path:
    """A home whose server has run before: making a data directory takes most of a test's time."""
    subprocess.run(["cp", "-a", used_home / "postgres", home], check=True)
    return home


@contextmanager
def running(home: Path, settings: Mapping[str, str] = CARELESS) -> Generator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home, settings=settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def ask(server: EmbeddedPostgres, question: str = "SELECT 42") -> object:
    connection = await asyncpg.connect(server.start(), timeout=10)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def sleeper(user: Owner) -> subprocess.Popen[bytes]:
    if user.is_other:
        return subprocess.Popen(["sleep", "60"], user=user.uid, group=user.gid, extra_groups=[])
    return subprocess.Popen(["sleep", "60"])


def is_running(home: Path) -> bool:
    return (home / "postgres/data/postmaster.pid").exists()


async def test_what_was_stored_is_there_at_the_next_start(home: Path) -> None:
    with running(home) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 7 AS n")
    assert not is_running(home)

    with running(home) as server:
        assert await ask(server, "SELECT n FROM kept") == 7


async def test_the_last_of_two_processes_stops_the_server(home: Path) -> None:
    with OtherProcess(home) as other, running(home) as server:
        assert other.do("start") == server.start()
        assert server.stop() is False
        assert is_running(home)
        assert other.do("stop") == "True"
        assert not is_running(home)


async def test_two_processes_may_start_at_once_on_an_empty_folder(home: Path) -> None:
    shutil.rmtree(home / "postgres")
    with OtherProcess(home) as one, OtherProcess(home) as two:
        one.send("start")
        two.send("start")
        assert one.answer() == two.answer() != ""
        with running(home) as server:
            assert await ask(server) == 42
        assert is_running(home)
    assert not is_running(home)


async def test_the_server_survives_a_killed_user(home: Path) -> None:
    with OtherProcess(home) as other:
        other.do("start")
        pid = server_pid(home)
        other.kill()
        with running(home) as server:
            assert await ask(server) == 42
            assert server_pid(home) == pid
        assert not is_running(home)  # the killed one is no longer counted


async def test_the_server_hears_no_signal_for_our_group(home: Path) -> None:
    with running(home):
        assert os.getsid(server_pid(home)) != os.getsid(0)


async def test_ensure_revives_a_killed_server_with_its_data(home: Path) -> None:
    with running(home, CARELESS | {"synchronous_commit": "on"}) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 7 AS n")
        kill_server(home)
        server.ensure()
        assert await ask(server, "SELECT n FROM kept") == 7


async def test_any_of_its_users_may_revive_it(home: Path) -> None:
    with OtherProcess(home) as starter, running(home) as server:
        server.stop()
        starter.do("start")
        server.start()
        killed = kill_server(home)
        server.ensure()
        assert server_pid(home) != killed
        assert await ask(server) == 42
        assert starter.do("ensure") == "None"


async def test_two_users_that_revive_it_at_once_start_one_server(home: Path) -> None:
    with OtherProcess(home) as one, OtherProcess(home) as two:
        one.do("start")
        two.do("start")
        kill_server(home)
        one.send("ensure")
        two.send("ensure")
        assert (one.answer(), two.answer()) == ("None", "None")
        with running(home) as server:
            assert await ask(server) == 42


@pytest.mark.parametrize("content", ["", "12", "garbage\n", "999999999999\n/nowhere\n"])
async def test_a_damaged_pid_file_does_not_keep_it_from_starting(home: Path, content: str) -> None:
    with running(home):
        pass
    (home / "postgres/data/postmaster.pid").write_text(content)

    with running(home) as server:
        assert await ask(server) == 42


async def test_a_pid_that_another_process_got_is_not_taken_for_the_server(home: Path) -> None:
    with running(home):
        left_behind = (home / "postgres/data/postmaster.pid").read_text()
    owner = choose_owner(home / "postgres")
    other = sleeper(owner)
    try:
        _, _, rest = left_behind.partition("\n")
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (home / "postgres/data" / name).write_text(f"{other.pid}\n{rest}")
        with running(home) as server:
            assert await ask(server) == 42
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


async def test_a_second_start_of_one_object_changes_nothing(home: Path) -> None:
    server = EmbeddedPostgres(home, settings=CARELESS)
    try:
        assert server.start() == server.start()
        assert server.stop() is True
        assert server.stop() is False
    finally:
        server.stop()


async def test_a_failed_start_leaves_nobody_registered(home: Path) -> None:
    broken = EmbeddedPostgres(home, settings=CARELESS | {"shared_buffers": "plenty"})
    with pytest.raises(DatabaseError, match="shared_buffers"):
        broken.start()

    with running(home) as server:
        assert await ask(server) == 42
    assert not is_running(home)


def test_another_process_that_never_ends_its_start_is_reported(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "START_TIMEOUT_S", 0.05)
    with running(home) as server:
        ours = Owner(os.geteuid(), os.getegid())
        with (
            held(home / "postgres/start.lock", ours, 1),
            pytest.raises(DatabaseError, match="Another process"),
        ):
            server.ensure()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")
class TestAsRoot:
    async def test_a_normal_user_needs_no_root(self, home: Path) -> None:
        own = home / "own"
        own.mkdir()
        nobody = 65534
        os.chown(own, nobody, nobody)
        with OtherProcess(own, nobody) as other:
            assert other.do("start").startswith("postgresql://")
            assert os.stat(f"/proc/{server_pid(own)}").st_uid == nobody
            # And root joins the server of that user.
            with running(own) as server:
                assert await ask(server) == 42
            assert other.do("stop") == "True"

    def test_a_home_that_cannot_be_written_is_named(self, home: Path) -> None:
        (home / "closed").mkdir(mode=0o755)
        with OtherProcess(home / "closed", 65534) as other:
            said = other.do("start")
        assert "PENSTOCK_HOME" in said
        assert str(home / "closed" / "postgres") in said

    def test_a_user_without_a_name_is_told_so(self, home: Path) -> None:
        (home / "own").mkdir()
        os.chown(home / "own", 54321, 54321)
        with OtherProcess(home / "own", 54321) as other:
            assert "54321, which has no entry in /etc/passwd" in other.do("start")

    async def test_a_closed_home_has_its_data_elsewhere(self) -> None:
        with throwaway_home() as root_home, throwaway_home() as home:
            home.chmod(0o700)
            for _ in range(2):
                server = EmbeddedPostgres(home, settings=CARELESS, root_home=root_home)
                try:
                    await ask(server, "CREATE TABLE IF NOT EXISTS kept ()")
                finally:
                    server.stop()
            data = (home / "postgres").resolve()
            assert data.parent == root_home
            assert (data / "data" / "PG_VERSION").exists()
            assert home.stat().st_mode & 0o777 == 0o700
