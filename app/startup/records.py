"""Give the recorder its way into Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.store.database import Database
from app.store.exchanges import ExchangeStore


@asynccontextmanager
async def open_exchange_store(url: str) -> AsyncGenerator[ExchangeStore]:
    """Open a store for the recorder's own thread, on one connection of its own."""
    database = Database(url, pool_size=1)
    try:
        yield ExchangeStore(database)
    finally:
        await database.close()
