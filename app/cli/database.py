"""Reach the database of the settings, also when it is the embedded one and nobody runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from app.cli import frame
from app.errors import DatabaseError

if TYPE_CHECKING:
    from app.settings import Settings
    from app.store.database import Database

T = TypeVar("T")

POOL_SIZE = 2


@contextmanager
def address(settings: Settings) -> Generator[str]:
    """Give the database's address, with the embedded Postgres running meanwhile.

    Raises:
        DatabaseError: it cannot be started.
    """
    if settings.database_url:
        yield settings.database_url.get_secret_value()
        return
    from app.store.embedded import EmbeddedPostgres

    postgres = EmbeddedPostgres(settings.home)
    try:
        yield postgres.start()
    finally:
        postgres.stop()


def run(work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` on the connected database of the settings.

    Raises:
        DatabaseError: it cannot be started or reached, or has no tables yet.
    """
    from app.store.migrate import current

    with address(frame.settings()) as url:
        if current(url) is None:
            raise DatabaseError("The database is empty so far: run `penstock migrate` first.")
        return asyncio.run(_connected(url, work))


async def _connected(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    from app.store.database import Database

    database = Database(url, pool_size=POOL_SIZE)
    try:
        await database.connect()
        return await work(database)
    finally:
        await database.close()
