"""Every migration on real servers: up, down, at once, and on an older Postgres."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uuid import uuid4

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from app.store.database import Database
from app.store.embedded import EmbeddedPostgres
from app.store.embedded.binaries import SYSTEM, Binaries, binaries_at
from app.store.exchanges import ExchangeStore
from app.store.migrate import _config, check, current, downgrade, newest, upgrade
from app.store.query import ExchangeQuery
from tests.exchanges import make_exchange
from tests.postgres import CARELESS, copy_database, drop_database, throwaway_home

SCRIPTS = ScriptDirectory.from_config(_config(None))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]

Schema = list[tuple[str, ...]]


@pytest.fixture
async def empty_url(postgres_url: str) -> AsyncGenerator[str]:
    name = f"empty_{uuid4().hex[:12]}"
    yield await copy_database(postgres_url, "template0", name)
    await drop_database(postgres_url, name)


async def schema_of(url: str) -> Schema:
    """Return all columns, indexes, constraints and functions, except those of months."""
    connection = await asyncpg.connect(url)
    query = """
        SELECT 'column', table_name, column_name, data_type, is_nullable, column_default
            FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'index', tablename, indexname, indexdef, '', ''
            FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'constraint', conrelid::regclass::text, conname,
            pg_get_constraintdef(oid), '', ''
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'function', proname, prosrc, '', '', ''
            FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ORDER BY 1, 2, 3"""
    try:
        rows = await connection.fetch(query)
    finally:
        await connection.close()
    by_month = ("_y20", "alembic_version")
    return [tuple(map(str, row)) for row in rows if not any(word in row[1] for word in by_month)]


def test_there_is_one_way_up() -> None:
    assert len(SCRIPTS.get_heads()) == 1
    assert REVISIONS[-1] == newest()


async def up(url: str, revision: str = "head") -> Schema:
    await asyncio.to_thread(upgrade, url, revision)
    return await schema_of(url)


async def down(url: str, revision: str) -> Schema:
    await asyncio.to_thread(downgrade, url, revision)
    return await schema_of(url)


async def test_each_step_down_undoes_the_step_up(empty_url: str) -> None:
    before = [await schema_of(empty_url)]
    for revision in REVISIONS:
        before.append(await up(empty_url, revision))
    assert before[0] == []
    for index in reversed(range(len(REVISIONS))):
        target = REVISIONS[index - 1] if index else "base"
        assert await down(empty_url, target) == before[index]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_from_each_revision_the_newest_is_the_same(empty_url: str, revision: str) -> None:
    direct = await up(empty_url)
    await down(empty_url, "base")
    await up(empty_url, revision)

    assert await up(empty_url) == direct
    await asyncio.to_thread(check, empty_url)


async def test_what_is_stored_survives_the_way_down_and_up_again(database_url: str) -> None:
    """As far as the first revision, whose tables are the log itself."""
    exchange = make_exchange()
    database = Database(database_url)
    await ExchangeStore(database).insert([exchange])
    await asyncio.to_thread(downgrade, database_url, REVISIONS[0])
    await asyncio.to_thread(upgrade, database_url)

    assert await ExchangeStore(database).get(exchange.id) == exchange
    await database.close()


def test_replicas_may_migrate_at_once(empty_url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as replicas:
        for done in [replicas.submit(upgrade, empty_url) for _ in range(3)]:
            done.result(timeout=120)

    assert current(empty_url) == newest()
    check(empty_url)


def system_postgres() -> Binaries | None:
    installed = filter(None, map(binaries_at, SYSTEM.glob("*")))
    return min(installed, key=lambda binaries: binaries.major, default=None)


@pytest.fixture
def system_url() -> Generator[str]:
    """The oldest Postgres that the system has installed, of a user that is not root."""
    binaries = system_postgres()
    if binaries is None:
        pytest.skip(f"no Postgres under {SYSTEM} (Debian: apt-get install postgresql)")
    with throwaway_home() as home:
        server = EmbeddedPostgres(home, settings=CARELESS, binaries=binaries)
        try:
            yield server.start()
        finally:
            server.stop()


async def test_the_systems_postgres_will_do(system_url: str) -> None:
    await up(system_url)
    await asyncio.to_thread(check, system_url)
    database = Database(system_url)
    await database.connect()
    store = ExchangeStore(database)
    exchange = make_exchange("zanzibar \0", metadata={"a": "\ud800"})
    assert await store.insert([exchange, make_exchange()]) == 2
    assert await store.get(exchange.id) == exchange
    assert await store.insert([dataclasses.replace(exchange)]) == 0
    [found] = await store.page(ExchangeQuery(text="zanzibar"), 5)
    assert found.id == exchange.id
    await database.close()
    assert await down(system_url, "base") == []
