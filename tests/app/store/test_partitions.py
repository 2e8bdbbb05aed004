from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.errors import Unavailable
from app.exchange import Exchange
from app.settings import RetentionSettings
from app.store import partitions
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from app.store.migrate import check
from app.store.months import Month, first_id
from app.store.partitions import MaintenanceReport, maintain
from app.store.query import ExchangeQuery
from tests.exchanges import make_exchange

NOW = dt.datetime.now(dt.UTC)
TABLES = ("exchange", "exchange_content", "verdict")
FOR_EVER = RetentionSettings(text_days=0, exchange_days=0)


def made_at(moment: dt.datetime, prompt: str = "Hi") -> Exchange:
    beyond = uuid4().int & ((1 << 62) - 1) | (0b10 << 62) | (7 << 76)
    return make_exchange(prompt, id=UUID(int=first_id(moment).int | beyond), created_at=moment)


async def partitions_of(database: Database, table: str) -> set[str]:
    query = text(
        "SELECT relid::regclass::text FROM pg_partition_tree(CAST(:table AS regclass)) WHERE isleaf"
    )
    async with database.begin() as connection:
        return set(await connection.scalars(query, {"table": table}))


async def rows_in(database: Database, table: str) -> int:
    async with database.begin() as connection:
        found = await connection.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 (ours)
        return int(found.scalar_one())


def named(table: str, month: Month) -> str:
    return f"{table}_y{month.year}m{month.month:02}"


async def test_a_new_database_has_partitions_for_the_coming_months(database: Database) -> None:
    this = Month.of(NOW)
    months = this.plus(-1).until(this.plus(RetentionSettings().months_ahead))
    expected = {f"{month.year}{month.month:02}" for month in months}
    for table in TABLES:
        found = await partitions_of(database, table)
        assert found == {f"{table}_default"} | {f"{table}_y{m[:4]}m{m[4:]}" for m in expected}


async def test_a_second_round_has_nothing_to_do(database: Database) -> None:
    assert await maintain(database, RetentionSettings(), NOW) == MaintenanceReport()


async def test_months_are_made_ahead_of_the_clock(database: Database) -> None:
    later = NOW + dt.timedelta(days=400)
    report = await maintain(database, FOR_EVER, later)
    await ExchangeStore(database).insert([made_at(later)])

    assert named("verdict", Month.of(later).plus(3)) in report.made
    assert len(report.made) == len(TABLES) * 5
    assert not report.dropped
    assert await rows_in(database, named("exchange", Month.of(later))) == 1


async def test_text_goes_before_the_rest_and_both_go_by_whole_months(database: Database) -> None:
    store = ExchangeStore(database)
    old = made_at(NOW)
    await store.insert([old])
    retention = RetentionSettings(text_days=90, exchange_days=400)
    gone_at = {days: Month.of(NOW).end + dt.timedelta(days=days) for days in (90, 400)}
    month = Month.of(NOW)

    kept = await maintain(database, retention, gone_at[90] - dt.timedelta(seconds=1))
    assert named("exchange_content", month) not in kept.dropped
    assert await store.get(old.id) == old

    textless = await maintain(database, retention, gone_at[90])
    assert named("exchange_content", month) in textless.dropped
    assert not [name for name in textless.dropped if not name.startswith("exchange_content")]
    found = await store.get(old.id)
    assert found
    assert (found.prompt, found.completion, found.passages) == ("", "", ())
    assert (found.outcome, found.timings_ms) == (old.outcome, old.timings_ms)
    assert [v.id for v in found.verdicts] == [v.id for v in old.verdicts]
    [summary] = await store.page(ExchangeQuery(), 5)
    assert (summary.id, summary.prompt, summary.completion) == (old.id, None, None)

    empty = await maintain(database, retention, gone_at[400])
    assert {named("exchange", month), named("verdict", month)} <= set(empty.dropped)
    assert await store.get(old.id) is None


async def test_text_never_outlives_its_exchange(database: Database) -> None:
    for text_days in (0, 999):
        retention = RetentionSettings(text_days=text_days, exchange_days=30)
        report = await maintain(database, retention, NOW + dt.timedelta(days=200 + text_days))
        dropped = {name.removeprefix("exchange_content_") for name in report.dropped}
        for table in ("exchange", "verdict"):
            assert dropped >= {
                name.removeprefix(f"{table}_") for name in report.dropped if f"{table}_y" in name
            }


async def test_zero_keeps_for_ever(database: Database) -> None:
    report = await maintain(database, FOR_EVER, NOW + dt.timedelta(days=10_000))

    assert not report.dropped


async def test_rows_that_came_before_their_partition_move_into_it(database: Database) -> None:
    """As after a clock was wrong, or maintenance has not run for months."""
    store = ExchangeStore(database)
    early = [made_at(NOW + dt.timedelta(days=300, hours=hour)) for hour in range(3)]
    await store.insert(early)
    assert await rows_in(database, "verdict_default") == 3

    await maintain(database, FOR_EVER, NOW + dt.timedelta(days=300))
    for table in TABLES:
        assert await rows_in(database, f"{table}_default") == 0
    assert [await store.get(exchange.id) for exchange in early] == early
    assert await store.insert(early) == 0


async def test_what_has_no_partition_of_its_own_is_dropped_in_time_too(database: Database) -> None:
    store = ExchangeStore(database)
    late, later = made_at(NOW - dt.timedelta(days=380)), made_at(NOW - dt.timedelta(days=500))
    await store.insert([late, later])
    report = await maintain(database, RetentionSettings(text_days=90, exchange_days=400), NOW)

    assert report.num_strays_deleted == 4  # both contents, one exchange, one verdict
    assert await store.get(later.id) is None
    found = await store.get(late.id)
    assert found
    assert not found.messages


async def test_replicas_may_do_it_at_once(database_url: str) -> None:
    replicas = [Database(database_url, pool_size=1) for _ in range(3)]
    later = NOW + dt.timedelta(days=800)
    reports = await asyncio.gather(
        *(maintain(replica, RetentionSettings(), later) for replica in replicas)
    )
    for replica in replicas:
        await replica.close()

    made = [name for report in reports for name in report.made]
    dropped = [name for report in reports for name in report.dropped]
    assert len(made) == len(set(made)) == len(TABLES) * 5
    assert len(dropped) == len(set(dropped)) == len(TABLES) * 5
    assert not [name for report in reports for name in report.postponed]


async def test_a_partition_in_use_is_left_for_the_next_round(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "LOCK_TIMEOUT_S", 0.05)
    later = NOW + dt.timedelta(days=150)
    retention = RetentionSettings(text_days=30)
    held = named("exchange_content", Month.of(NOW))
    async with database.begin() as reader:
        await reader.execute(text(f"SELECT * FROM {held}"))  # noqa: S608 (ours)
        report = await maintain(database, retention, later)
    assert held in report.postponed

    again = await maintain(database, retention, later)
    assert held in again.dropped
    assert not again.postponed


async def test_writers_go_on_while_partitions_change(database: Database) -> None:
    store = ExchangeStore(database)
    exchanges = [make_exchange(str(n)) for n in range(200)]

    async def write() -> None:
        for start in range(0, 200, 10):
            await store.insert(exchanges[start : start + 10])

    async def change() -> None:
        for months in range(1, 4):
            await maintain(database, FOR_EVER, NOW + dt.timedelta(days=100 * months))

    await asyncio.gather(write(), change())
    assert await rows_in(database, "exchange") == 200


async def test_alembic_minds_neither_new_nor_missing_partitions(
    database: Database, database_url: str
) -> None:
    await maintain(database, RetentionSettings(), NOW + dt.timedelta(days=200))

    await asyncio.to_thread(check, database_url)


async def test_without_a_database_it_says_so() -> None:
    database = Database("postgresql://127.0.0.1:1/log")
    with pytest.raises(Unavailable):
        await maintain(database, RetentionSettings(), NOW)
    await database.close()


def test_the_report_has_nothing_to_hide() -> None:
    assert set(dataclasses.asdict(MaintenanceReport())) == {
        "made",
        "dropped",
        "postponed",
        "num_strays_deleted",
    }
