"""What is in the log at the end, read with plain SQL."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Self
from uuid import UUID

import asyncpg

from app.recorder.codec import encode
from app.store.database import Database
from app.store.exchanges import ExchangeStore


@dataclass(frozen=True)
class Stored:
    """The ids of the log's rows, table by table, and the reasons of the quarantine."""

    exchanges: list[str]
    contents: list[str]
    judged: set[str]
    quarantined: list[str]

    @classmethod
    async def read(cls, url: str) -> Self:
        """Read all of them."""
        connection = await asyncpg.connect(url)
        try:
            columns = [
                [str(row[0]) for row in await connection.fetch(f"SELECT {column} FROM {table}")]  # noqa: S608
                for column, table in (
                    ("id", "exchange"),
                    ("exchange_id", "exchange_content"),
                    ("exchange_id", "verdict"),
                    ("reason", "dead_letter"),
                )
            ]
        finally:
            await connection.close()
        return cls(columns[0], columns[1], set(columns[2]), columns[3])

    def check(self, answered: set[str], unanswered: int) -> None:
        """Check that each answered exchange is stored once, and hardly anything else is."""
        assert answered - set(self.exchanges) == set()
        assert len(self.exchanges) == len(set(self.exchanges))
        assert len(set(self.exchanges) - answered) <= unanswered
        assert sorted(self.contents) == sorted(self.exchanges)
        # A record may be cut short by the kill, but then nobody has an answer.
        assert set(self.quarantined) <= {"torn"}


async def digests(url: str, ids: list[str]) -> list[str]:
    """Return the digests of exchanges as the store gives them back."""
    database = Database(url)
    store = ExchangeStore(database)
    found = [await store.get(UUID(name)) for name in ids]
    await database.close()
    return [sha256(encode(exchange)).hexdigest() for exchange in found if exchange]
