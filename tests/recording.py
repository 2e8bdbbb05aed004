"""What a recorder's tests share: its settings, and its way to a real Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from app.recorder import OpenStore, Store
from app.settings import RecorderSettings
from app.store.database import Database
from app.store.exchanges import ExchangeStore


def opener(url: str) -> OpenStore:
    """Return what opens the store behind `url`, as the server does."""

    @asynccontextmanager
    async def open_store() -> AsyncGenerator[Store]:
        database = Database(url, pool_size=1)
        try:
            yield ExchangeStore(database)
        finally:
            await database.close()

    return open_store


def small_settings(**chosen: Any) -> RecorderSettings:
    """Return settings under which a test of a few records rolls its segments."""
    return RecorderSettings(**{"segment_bytes": 10_000, "max_bytes": 1_000_000, **chosen})


async def eventually(is_so: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait until something that no event tells has come true.

    Raises:
        TimeoutError: it has not.
    """
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.005)
