"""A page of a large log costs what the page holds, not what the log holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy.dialects import postgresql

from app.exchange import Action, Outcome
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from app.store.query import ExchangeQuery
from app.store.search import Cut, page_of
from tests.benchmarks.log import COMMON_WORD, RARE_WORD, a_log
from tests.postgres import copy_database, drop_database, run_sql

pytestmark = pytest.mark.slow

ROWS = 10_000
PAGE = 50
RARE = [
    ExchangeQuery(outcome=Outcome.FAILED),
    ExchangeQuery(action=Action.ERROR),
    ExchangeQuery(action=Action.REWRITE),
    ExchangeQuery(instance="no-such-instance"),
    ExchangeQuery(instance="blocklist", action=Action.ERROR),
    ExchangeQuery(user="u77"),
    ExchangeQuery(session="s77"),
    ExchangeQuery(text=RARE_WORD),
    ExchangeQuery(text="nosuchword"),
]
FREQUENT = [
    ExchangeQuery(),
    ExchangeQuery(outcome=Outcome.COMPLETED),
    ExchangeQuery(action=Action.ALLOW),
    ExchangeQuery(model="answer"),
]


@pytest.fixture(scope="module")
def large_log(postgres_url: str, migrated_template: str) -> Generator[str]:
    """The address of a database with a large log."""
    name = f"{migrated_template}_large"
    url = asyncio.run(copy_database(postgres_url, migrated_template, name))
    asyncio.run(fill(url))
    yield url
    asyncio.run(drop_database(postgres_url, name))


async def fill(url: str) -> None:
    database = Database(url)
    store = ExchangeStore(database)
    for batch in a_log(ROWS, days=25):
        await store.insert(batch)
    await database.close()
    await run_sql(url, "VACUUM ANALYZE")


@pytest.fixture
async def plans(large_log: str) -> AsyncGenerator[Any]:
    """A connection to the large log."""
    connection: Any = await asyncpg.connect(large_log)
    yield connection
    await connection.close()


async def rows_read(plans: Any, query: ExchangeQuery, cut: Cut) -> int:
    """Return how many rows the server looked at, in tables and in indexes."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's, without types
    page = page_of(query, PAGE, cut)
    statement = page.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    plan = await plans.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
    return sum(map(_rows_of_scan, _nodes(json.loads(plan)[0]["Plan"])))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _rows_of_scan(node: dict[str, Any]) -> int:
    if "Relation Name" not in node and "Index Name" not in node:
        return 0
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    rows = node["Actual Rows"] + sum(node.get(name, 0) for name in removed)
    return int(rows * node["Actual Loops"])


@pytest.mark.parametrize("query", RARE + FREQUENT, ids=repr)
async def test_a_page_reads_little(plans: Any, query: ExchangeQuery) -> None:
    find_middle = "SELECT id FROM exchange ORDER BY id OFFSET $1 LIMIT 1"
    middle = await plans.fetchval(find_middle, ROWS // 2)
    for cut in (Cut(), Cut(before=middle), Cut(after=middle)):
        assert await rows_read(plans, query, cut) < 30 * PAGE


async def test_a_frequent_word_reads_the_window_at_most(plans: Any) -> None:
    assert await rows_read(plans, ExchangeQuery(text=COMMON_WORD), Cut()) < 4 * ROWS
