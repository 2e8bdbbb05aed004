"""The log: every exchange, stored once, found again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.exchange import Exchange
from app.store.bulk import bulk_insert, columns_of
from app.store.database import Database
from app.store.lossless import clean
from app.store.query import ExchangeQuery, ExchangeSummary
from app.store.rows import content_row, exchange_row, read_exchange, verdict_rows
from app.store.search import Cut, page_of, read_summary, verdicts_of
from app.store.tables import dead_letter, exchange_content, verdict
from app.store.tables import exchange as exchange_table


class ExchangeStore:
    """Writes and reads exchanges."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, exchanges: Sequence[Exchange]) -> int:
        """Store the exchanges that are not there yet, all or none; return how many they were.

        Raises:
            Unavailable: the database is down; nothing is wrong with the exchanges.
            Unstorable: the database refuses at least one of them.
        """
        if not exchanges:
            return 0
        # Always in the order of the ids: two writers of the same ones cannot deadlock.
        ordered = sorted(exchanges, key=lambda exchange: exchange.id)
        async with self._database.begin() as connection:
            stored = await _insert_exchanges(connection, ordered)
            new = [exchange for exchange in ordered if exchange.id in stored]
            await _insert_parts(connection, new)
        return len(stored)

    async def get(self, exchange_id: UUID) -> Exchange | None:
        """Return an exchange; it has no messages if its text is past its retention."""
        head = select(exchange_table).where(exchange_table.c.id == exchange_id)
        body = select(exchange_content).where(exchange_content.c.exchange_id == exchange_id)
        judged = select(verdict).where(verdict.c.exchange_id == exchange_id)
        async with self._database.begin() as connection:
            rows = await _rows(connection, head)
            contents = await _rows(connection, body)
            verdicts = await _rows(connection, judged.order_by(verdict.c.position))
        return read_exchange(rows[0], next(iter(contents), None), verdicts) if rows else None

    async def page(
        self,
        query: ExchangeQuery,
        limit: int,
        before: UUID | None = None,
        after: UUID | None = None,
    ) -> list[ExchangeSummary]:
        """Return one page of the exchanges asked for, newest first.

        Args:
            query: Which ones.
            limit: How many at most.
            before: The last id of the page above, for the next page down.
            after: The first id of the page below, for the next page up.
        """
        async with self._database.begin() as connection:
            rows = await _rows(connection, page_of(query, limit, Cut(before, after)))
            verdicts = await _rows(connection, verdicts_of([row["id"] for row in rows]))
        grouped = defaultdict(list)
        for row in verdicts:
            grouped[row["exchange_id"]].append(row)
        return [read_summary(row, grouped[row["id"]]) for row in rows]

    async def quarantine(self, record: bytes, reason: str) -> None:
        """Keep a record that cannot be stored as an exchange, for people to look at."""
        row = {"digest": sha256(record).digest(), "reason": clean(reason), "record": record}
        async with self._database.begin() as connection:
            await connection.execute(insert(dead_letter).values(row).on_conflict_do_nothing())


async def _rows(
    connection: AsyncConnection, query: Select[*tuple[Any, ...]]
) -> list[Mapping[str, Any]]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _insert_exchanges(connection: AsyncConnection, new: Sequence[Exchange]) -> set[UUID]:
    """Insert and return the ids that were not there yet."""
    rows = [exchange_row(exchange) for exchange in new]
    statement = bulk_insert(exchange_table).returning(exchange_table.c.id)
    return set(await connection.scalars(statement, columns_of(rows)))


async def _insert_parts(connection: AsyncConnection, new: Sequence[Exchange]) -> None:
    contents = [content_row(exchange) for exchange in new]
    verdicts = list(chain.from_iterable(verdict_rows(exchange) for exchange in new))
    for table, rows in ((exchange_content, contents), (verdict, verdicts)):
        if rows:
            await connection.execute(bulk_insert(table), columns_of(rows))
