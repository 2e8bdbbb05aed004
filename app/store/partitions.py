"""The log's partitions: made ahead of time, dropped when their month is past its retention.

Each step is a transaction of its own under an advisory lock, so any number of replicas may
run this at once, and none waits for locks long enough for requests to notice.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Unavailable
from app.settings.model import RetentionSettings
from app.store.database import Database
from app.store.months import Month, first_id
from app.store.tables import PARTITIONED, exchange_content

LOCK = 5_196_304_871_442_310_977
"""Of Postgres' advisory locks, the one for changing partitions."""
LOCK_TIMEOUT_S = 2
STRAYS_AT_ONCE = 10_000
_NAME = re.compile(r".+_y(\d{4})m(\d\d)")


@dataclass(slots=True)
class MaintenanceReport:
    """What one round of maintenance did."""

    made: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)
    """Partitions that were in use for too long; the next round tries again."""
    num_strays_deleted: int = 0
    """Rows past their retention that had no partition of their own month."""


async def maintain(
    database: Database, retention: RetentionSettings, now: dt.datetime
) -> MaintenanceReport:
    """Make the partitions of the coming months and drop those past their retention.

    Whole months are dropped: a row lives up to a month longer than its retention says.

    Raises:
        Unavailable: the database is down.
    """
    report = MaintenanceReport()
    for table in PARTITIONED:
        async with _step(database) as connection:
            present = await _months(connection, table)
        last = Month.of(now).plus(retention.months_ahead)
        for month in Month.of(now).plus(-1).until(last):
            if month not in present:
                await _try_make(database, table, month, report)
        days = _kept_days(table, retention)
        if days:
            await _drop_old(database, table, now - dt.timedelta(days=days), report)
    return report


async def make_first(connection: AsyncConnection, now: dt.datetime, months_ahead: int) -> None:
    """Make the partitions that a new database begins with."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    for table in PARTITIONED:
        present = await _months(connection, table)
        for month in Month.of(now).plus(-1).until(Month.of(now).plus(months_ahead)):
            if month not in present:
                await _make(connection, table, month)


@asynccontextmanager
async def _step(database: Database) -> AsyncGenerator[AsyncConnection]:
    async with database.begin() as connection:
        await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        yield connection


async def _months(connection: AsyncConnection, table: Table) -> set[Month]:
    """Return the months that have a partition."""
    query = text(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
        "WHERE inhparent = to_regclass(:parent)"
    )
    names = await connection.scalars(query, {"parent": table.name})
    matches = filter(None, map(_NAME.fullmatch, names))
    return {Month(int(match[1]), int(match[2])) for match in matches}


def _name(table: Table, month: Month) -> str:
    return f"{table.name}_y{month.year:04}m{month.month:02}"


def _key(table: Table) -> str:
    return next(iter(table.primary_key)).name


async def _try_make(
    database: Database, table: Table, month: Month, report: MaintenanceReport
) -> None:
    try:
        async with _step(database) as connection:
            if month not in await _months(connection, table):
                await _make(connection, table, month)
                report.made.append(_name(table, month))
    except Unavailable:
        report.postponed.append(_name(table, month))


async def _make(connection: AsyncConnection, table: Table, month: Month) -> None:
    """Make a partition, taking over the rows of its month from the default one.

    Attaching a finished table locks the parent less than making it in place would.
    """
    name, parent, key = _name(table, month), table.name, _key(table)
    low, high = first_id(month.start), first_id(month.end)
    within = f"{key} >= '{low}' AND {key} < '{high}'"
    for statement in (
        f"CREATE TABLE {name} (LIKE {parent} INCLUDING ALL)",
        f"LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE",
        f"LOCK TABLE {parent}_default IN ACCESS EXCLUSIVE MODE",
        f"WITH strays AS (DELETE FROM {parent}_default WHERE {within} RETURNING *) "  # noqa: S608 (ours)
        f"INSERT INTO {name} SELECT * FROM strays",
        f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')",
    ):
        await connection.execute(text(statement))


def _kept_days(table: Table, retention: RetentionSettings) -> int:
    """Return how long a table's rows are kept; 0 is for ever. Text never outlives its exchange."""
    limits = [retention.exchange_days]
    if table is exchange_content:
        limits.append(retention.text_days)
    return min((days for days in limits if days), default=0)


async def _drop_old(
    database: Database, table: Table, until: dt.datetime, report: MaintenanceReport
) -> None:
    async with _step(database) as connection:
        old = sorted(m for m in await _months(connection, table) if m.end <= until)
        report.num_strays_deleted += await _delete_strays(connection, table, until)
    for month in old:
        name = _name(table, month)
        try:
            async with _step(database) as connection:
                if month in await _months(connection, table):
                    detach = f"ALTER TABLE {table.name} DETACH PARTITION {name}"
                    await connection.execute(text(detach))
                    await connection.execute(text(f"DROP TABLE {name}"))
                    report.dropped.append(name)
        except Unavailable:
            report.postponed.append(name)


async def _delete_strays(connection: AsyncConnection, table: Table, until: dt.datetime) -> int:
    key = _key(table)
    statement = text(
        f"DELETE FROM {table.name}_default WHERE {key} IN "  # noqa: S608 (names of ours)
        f"(SELECT {key} FROM {table.name}_default WHERE {key} < :bound LIMIT :most)"
    )
    bound = {"bound": first_id(until), "most": STRAYS_AT_ONCE}
    return (await connection.execute(statement, bound)).rowcount
