"""Brings a database to the schema that this version of the server knows.

All of these start an event loop of their own: call them through `asyncio.to_thread` from
async code.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import DatabaseError, Unavailable, Unstorable
from app.settings.model import RetentionSettings
from app.store.database import Database
from app.store.partitions import make_first

T = TypeVar("T")

LOCK = 7_078_695_220_151_923_041
"""Of Postgres' advisory locks, the one for migrations: two replicas may start at once."""
TIMEOUT_S = 600


def upgrade(url: str, revision: str = "head") -> None:
    """Apply all migrations up to `revision`, in one transaction.

    Raises:
        DatabaseError: the database cannot be reached or changed, or is newer than this server.
    """

    async def work(connection: AsyncConnection) -> None:
        await connection.run_sync(lambda c: command.upgrade(_config(c), revision))
        if revision == "head":
            ahead = RetentionSettings().months_ahead
            await make_first(connection, dt.datetime.now(dt.UTC), ahead)

    asyncio.run(_with_lock(url, work))


def downgrade(url: str, revision: str) -> None:
    """Take migrations back down to `revision`, or to `base`: to nothing.

    Raises:
        DatabaseError: as for `upgrade`.
    """
    _run(url, lambda connection: command.downgrade(_config(connection), revision))


def check(url: str) -> None:
    """See that the migrations make what the code expects.

    Raises:
        DatabaseError: they do not, or the database is not at the newest revision.
    """
    _run(url, lambda connection: command.check(_config(connection)))


def current(url: str) -> str | None:
    """Return the revision that the database is at, None if it is empty.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    return _run(url, lambda c: MigrationContext.configure(c).get_current_revision())


def newest() -> str | None:
    """Return the revision that this version of the server needs."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def _run(url: str, work: Callable[[Connection], T]) -> T:
    return asyncio.run(_with_lock(url, lambda connection: connection.run_sync(work)))


async def _with_lock(url: str, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do some work in one transaction that no other migration runs beside."""
    database = Database(url, pool_size=1, statement_timeout_s=TIMEOUT_S)
    try:
        await database.connect()
        async with database.begin() as connection:
            await connection.execute(text(f"SET LOCAL lock_timeout = '{TIMEOUT_S}s'"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            return await work(connection)
    except CommandError as error:
        raise DatabaseError(
            f"The database's schema does not fit this version of Penstock. "
            f"{str(error).rstrip('.')}. Run `penstock migrate`, or a newer version of Penstock."
        ) from error
    except (Unavailable, Unstorable) as error:
        raise DatabaseError(f"The database could not be migrated. {error.message}") from error
    finally:
        await database.close()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _folder() -> Path:
    """Return the migrations: inside the package in a wheel, beside it in a checkout."""
    app = Path(__file__).resolve().parent.parent
    shipped = app / "_migrations"
    return shipped if shipped.is_dir() else app.parent / "migrations"
