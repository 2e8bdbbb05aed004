from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Unavailable, Unstorable
from app.exchange import Exchange, Usage
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from app.store.query import ExchangeQuery
from app.store.tables import dead_letter, exchange_content, verdict
from app.store.tables import exchange as exchange_table
from tests.exchanges import EXCHANGES, make_exchange


@pytest.fixture
def store(database: Database) -> ExchangeStore:
    return ExchangeStore(database)


async def counts(database: Database) -> list[int]:
    tables = (exchange_table, exchange_content, verdict)
    async with database.begin() as connection:
        return [await count(connection, table) for table in tables]


async def count(connection: AsyncConnection, table: object) -> int:
    found = await connection.execute(select(func.count()).select_from(table))  # type: ignore[arg-type] # a table
    return int(found.scalar_one())


# The database is shared by all examples: none stores an id that another one has.
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(EXCHANGES, max_size=3, unique_by=lambda exchange: exchange.id))
async def test_every_exchange_comes_back_as_it_was(
    store: ExchangeStore, exchanges: list[Exchange]
) -> None:
    fresh = [dataclasses.replace(exchange, id=uuid4()) for exchange in exchanges]
    assert await store.insert(fresh) == len(fresh)
    for exchange in fresh:
        assert await store.get(exchange.id) == exchange


async def test_an_unknown_id(store: ExchangeStore) -> None:
    assert await store.get(uuid4()) is None


async def test_what_is_stored_already_stays_as_it_is(
    database: Database, store: ExchangeStore
) -> None:
    first, second = make_exchange(), make_exchange()
    changed = dataclasses.replace(first, completion="changed", verdicts=first.verdicts * 2)
    assert await store.insert([first]) == 1
    assert await store.insert([changed, second, second]) == 1
    assert await store.insert([first, second]) == 0

    assert await store.get(first.id) == first
    assert await counts(database) == [2, 2, 2]


async def test_nothing_at_all(store: ExchangeStore) -> None:
    assert await store.insert([]) == 0


async def test_a_batch_is_stored_whole_or_not_at_all(
    database: Database, store: ExchangeStore
) -> None:
    poison = make_exchange(usage=Usage(1 << 70, 0))
    with pytest.raises(Unstorable):
        await store.insert([make_exchange(), poison, make_exchange()])

    assert await counts(database) == [0, 0, 0]


async def test_many_writers_of_the_same_exchanges_store_each_once(
    database: Database, store: ExchangeStore
) -> None:
    exchanges = [make_exchange(str(n)) for n in range(100)]
    stored = await asyncio.gather(*(store.insert(exchanges[::step]) for step in (1, -1, 1, -1)))

    assert sum(stored) == 100
    assert await counts(database) == [100, 100, 100]


async def test_rows_go_to_the_partition_of_their_month(
    database: Database, store: ExchangeStore
) -> None:
    exchange = make_exchange()
    await store.insert([exchange])
    month = f"{exchange.created_at:y%Ym%m}"
    async with database.begin() as connection:
        for table in ("exchange", "exchange_content", "verdict"):
            found = await connection.execute(text(f"SELECT count(*) FROM {table}_{month}"))  # noqa: S608
            assert found.scalar_one() == 1


@pytest.mark.parametrize("letter", ["a", "\N{GRINNING FACE}", "\0", "'", "-", "ǆ "])
async def test_a_very_long_text_is_stored_and_found_by_its_beginning(
    store: ExchangeStore, letter: str
) -> None:
    """A search index holds 1 MB of words for each text, and refuses more."""
    words = "zanzibar " + " ".join(f"{n:x}{letter}{n}" for n in range(200_000))
    exchange = make_exchange(words, completion=words, generated=letter * 1_000_000)
    await store.insert([exchange])

    assert await store.get(exchange.id) == exchange
    assert len(await store.page(ExchangeQuery(text="zanzibar"), 10)) == 1


async def test_the_costliest_words_for_the_index_are_stored(store: ExchangeStore) -> None:
    """Each hyphenated word counts whole and in its parts, at four bytes a letter."""
    letters = [chr(0x20000 + n) for n in range(40_000)]
    for size in (1, 2, 3, 5, 40, 400):
        words = ("".join(letters[n : n + size]) for n in range(0, 40_000, size))
        dense = "-".join(words).replace("-", " ", 1)
        groups = " ".join(dense[n : n + 19] for n in range(0, len(dense), 19))
        await store.insert([make_exchange(groups, completion=groups, generated=dense)])


async def test_a_record_set_aside_is_kept_once(database: Database, store: ExchangeStore) -> None:
    record = b"\0\xff not an exchange"
    await store.quarantine(record, "undecodable \0")
    await store.quarantine(record, "undecodable again")
    async with database.begin() as connection:
        [row] = (await connection.execute(select(dead_letter))).mappings().all()

    assert row["record"] == record
    assert row["reason"] == "undecodable \ufffd"
    assert row["digest"] == hashlib.sha256(record).digest()


async def test_a_database_without_tables_blames_no_exchange(postgres_url: str) -> None:
    database = Database(postgres_url)
    with pytest.raises(Unavailable, match="42P01"):
        await ExchangeStore(database).insert([make_exchange()])
    await database.close()
