"""The database as an operator gets it wrong, and as it goes away."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import DatabaseError, Unavailable, Unstorable
from app.store import database as database_module
from app.store.database import Database
from app.store.embedded import EmbeddedPostgres
from tests.postgres import (
    CARELESS,
    children_of,
    drop_database,
    in_database,
    kill_server,
    run_sql,
    server_pid,
)


async def number(database: Database) -> int:
    async with database.begin() as connection:
        found = await connection.execute(text("SELECT 42"))
        return int(found.scalar_one())


async def ask_for_ever(database: Database) -> NoReturn:
    while True:
        await number(database)


async def test_what_raises_is_rolled_back(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE t (n int)"))
    with pytest.raises(KeyError):
        await fail_at_the_end(database, "INSERT INTO t VALUES (1)")
    async with database.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM t"))).scalar_one() == 0


async def fail_at_the_end(database: Database, statement: str) -> None:
    async with database.begin() as connection:
        await connection.execute(text(statement))
        raise KeyError


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://127.0.0.1:1/log",
        "postgresql://no-such-host.invalid/log",
        "postgresql:///log?host=/no/such/folder",
    ],
)
async def test_nobody_there(url: str) -> None:
    database = Database(url)
    with pytest.raises(DatabaseError, match="Nothing answers there"):
        await database.connect()
    with pytest.raises(Unavailable):
        await number(database)
    await database.close()


async def test_a_parameter_that_nobody_knows(database_url: str) -> None:
    database = Database(f"{database_url}&sslmode=perhaps")
    with pytest.raises(DatabaseError, match="parameter of the address"):
        await database.connect()
    await database.close()


async def test_a_database_that_does_not_exist(postgres_url: str) -> None:
    database = Database(in_database(postgres_url, "no_such_database"))
    with pytest.raises(DatabaseError, match=r"createdb.*penstock migrate"):
        await database.connect()
    await database.close()


async def test_a_database_that_cannot_hold_any_text(postgres_url: str) -> None:
    name = f"ascii_{uuid4().hex[:12]}"
    create = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
    await run_sql(postgres_url, create)
    database = Database(in_database(postgres_url, name))
    with pytest.raises(DatabaseError, match="encoding is SQL_ASCII"):
        await database.connect()
    await database.close()
    await drop_database(postgres_url, name)


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
async def test_modes_of_encryption_are_understood(database_url: str, mode: str) -> None:
    database = Database(f"{database_url}&sslmode={mode}")
    await database.connect()
    await database.close()


async def test_it_works_through_a_pooler_that_keeps_no_statements(database_url: str) -> None:
    database = Database(f"{database_url}&pgbouncer=true", pool_size=1)
    for _ in range(3):
        assert await number(database) == 42
    async with database.begin() as connection:
        left = await connection.execute(text("SELECT count(*) FROM pg_prepared_statements"))
        assert left.scalar_one() <= 1  # the one that counts them
    await database.close()


async def test_a_value_that_cannot_be_stored_is_not_repeated(database: Database) -> None:
    secret = "hunter2"  # noqa: S105 (of a test)
    bad: list[tuple[str, dict[str, Any]]] = [
        ("SELECT :v ::int", {"v": secret}),
        ("SELECT CAST(:v AS json)", {"v": f'{{"{secret}": '}),
        ("SELECT CAST(:v AS text)", {"v": f"{secret}\0"}),
        ("SELECT CAST(:v AS text)", {"v": f"{secret}\ud800"}),
        ("SELECT CAST(:v AS bigint)", {"v": 1 << 70}),
        ("INSERT INTO source_revision SELECT 1, 0", {}),
    ]
    for statement, values in bad:
        with pytest.raises(Unstorable) as caught:
            async with database.begin() as connection:
                await connection.execute(text(statement), values)
        assert secret not in str(caught.value)
        assert caught.value.__suppress_context__


async def test_a_schema_that_does_not_fit_blames_no_value(database: Database) -> None:
    with pytest.raises(Unavailable, match="42P01"):
        async with database.begin() as connection:
            await connection.execute(text("SELECT * FROM no_such_table"))


async def test_who_waits_too_long_for_a_connection_is_told_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "POOL_TIMEOUT_S", 0.05)
    database = Database(database_url, pool_size=1)
    async with database.begin():
        with pytest.raises(Unavailable):
            await number(database)
    assert await number(database) == 42
    await database.close()


async def test_a_statement_has_an_end(database_url: str) -> None:
    database = Database(database_url, statement_timeout_s=0.05)
    with pytest.raises(Unavailable, match="57014"):
        async with database.begin() as connection:
            await connection.execute(text("SELECT pg_sleep(60)"))
    assert await number(database) == 42
    await database.close()


async def test_a_lock_is_not_waited_for_long(database: Database) -> None:
    async with database.begin() as holder, asyncio.timeout(30):
        await holder.execute(text("LOCK TABLE source_revision"))
        with pytest.raises(Unavailable, match="55P03"):
            await read_revision(database, lock_timeout="50ms")


async def read_revision(database: Database, lock_timeout: str) -> None:
    async with database.begin() as connection:
        await connection.execute(text(f"SET LOCAL lock_timeout = '{lock_timeout}'"))
        await connection.execute(text("SELECT * FROM source_revision"))


@pytest.mark.fault
class TestAServerThatGoesAway:
    @contextmanager
    def server(self, home: Path) -> Generator[EmbeddedPostgres]:
        server = EmbeddedPostgres(home, settings=CARELESS)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    async def test_a_killed_server_is_unavailable_until_it_is_back(self, home: Path) -> None:
        with self.server(home) as server:
            database = Database(server.start(), pool_size=2)
            await self.fill_pool(database)
            kill_server(home)
            # A backend may outlive its postmaster by a moment, and answer once more.
            with pytest.raises(Unavailable):
                await ask_for_ever(database)
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await number(database)
            server.ensure()
            assert await number(database) == 42
            await database.close()

    async def test_a_restarted_server_costs_no_request(self, home: Path) -> None:
        with self.server(home) as server:
            database = Database(server.start(), pool_size=2)
            await self.fill_pool(database)
            server.stop()
            server.start()
            assert [await number(database) for _ in range(3)] == [42, 42, 42]
            await database.close()

    async def test_work_that_the_server_dies_under_is_unavailable(self, home: Path) -> None:
        with self.server(home) as server:
            database = Database(server.start())
            with pytest.raises(Unavailable):
                await self.kill_own_backend(database)
            server.ensure()
            assert await number(database) == 42
            await database.close()

    async def kill_own_backend(self, database: Database) -> None:
        async with database.begin() as connection:
            found = await connection.execute(text("SELECT pg_backend_pid()"))
            os.kill(found.scalar_one(), signal.SIGKILL)
            await connection.execute(text("SELECT 1"))

    async def test_a_server_that_says_nothing_is_not_waited_for(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(database_module, "CONNECT_TIMEOUT_S", 0.2)
        monkeypatch.setattr(database_module, "SILENCE_S", 0.0)
        with self.server(home) as server:
            database = Database(server.start(), pool_size=1, statement_timeout_s=0.2)
            assert await number(database) == 42
            async with stopped(home), asyncio.timeout(20):
                for _ in range(2):
                    with pytest.raises(Unavailable):
                        await number(database)
            assert await number(database) == 42
            await database.close()

    async def test_a_server_that_says_nothing_does_not_hold_up_the_end(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(database_module, "CLOSE_TIMEOUT_S", 0.2)
        with self.server(home) as server:
            database = Database(server.start(), pool_size=2)
            await self.fill_pool(database)
            async with stopped(home), asyncio.timeout(20):
                await database.close()

    async def fill_pool(self, database: Database) -> None:
        async def hold(connection: AsyncConnection) -> None:
            await connection.execute(text("SELECT 1"))

        async with database.begin() as one, database.begin() as two:
            await hold(one)
            await hold(two)


@contextmanager
def _stopped(pids: list[int]) -> Generator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)


class stopped:  # noqa: N801 (a context, used as a word)
    """Stop the server and all of its processes without ending them."""

    def __init__(self, home: Path) -> None:
        pid = server_pid(home)
        self._context = _stopped([pid, *children_of(pid)])

    async def __aenter__(self) -> None:
        self._context.__enter__()

    async def __aexit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)
