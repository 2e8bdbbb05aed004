from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.store import listen as listen_module
from app.store.database import Database
from app.store.embedded import EmbeddedPostgres
from app.store.listen import listen
from tests.postgres import CARELESS, kill_server, run_sql

TIMEOUT_S = 30


async def hears(heard: AsyncGenerator[None]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        await anext(heard)


async def listeners(url: str, database: Database) -> int:
    connection = await database.open_connection()
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def test_it_is_heard_at_once_and_at_each_notification(
    database: Database, database_url: str
) -> None:
    heard = listen(database, "news")
    await hears(heard)
    for _ in range(3):
        await run_sql(database_url, "NOTIFY news")
        await hears(heard)
    await run_sql(database_url, "NOTIFY other")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await anext(heard)
    await heard.aclose()


async def test_a_broken_connection_counts_as_news_and_is_mended(
    database: Database, database_url: str
) -> None:
    heard = listen(database, "news")
    await hears(heard)
    await run_sql(
        database_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'",
    )
    await hears(heard)
    await run_sql(database_url, "NOTIFY news")
    await hears(heard)
    await heard.aclose()


async def test_who_stops_listening_leaves_no_connection(
    database: Database, database_url: str
) -> None:
    heard = listen(database, "news")
    await hears(heard)
    assert await listeners(database_url, database) == 1
    await heard.aclose()
    async with asyncio.timeout(TIMEOUT_S):
        while await listeners(database_url, database):  # noqa: ASYNC110 (Postgres tells nobody)
            await asyncio.sleep(0.01)


async def test_a_silent_connection_is_checked(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen_module, "CHECK_S", 0.01)
    heard = listen(database, "news")
    await hears(heard)
    waiting = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(0.1)  # some checks pass
    assert not waiting.done()
    await run_sql(database_url, "NOTIFY news")
    async with asyncio.timeout(TIMEOUT_S):
        await waiting
    await heard.aclose()


@pytest.mark.fault
async def test_it_outlives_a_killed_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen_module, "LONGEST_PAUSE_S", 0.1)
    server = EmbeddedPostgres(home, settings=CARELESS)
    try:
        database = Database(server.start())
        heard = listen(database, "news")
        await hears(heard)
        waiting = asyncio.ensure_future(anext(heard))
        kill_server(home)
        await asyncio.sleep(0.2)  # it tries in vain
        await asyncio.to_thread(server.ensure)
        async with asyncio.timeout(TIMEOUT_S):
            await waiting
        await heard.aclose()
        await database.close()
    finally:
        server.stop()
