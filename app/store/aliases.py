"""Which version of a bundle an alias stands for, now and before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.database import Database
from app.store.lossless import clean
from app.store.tables import model_alias

PRODUCTION = "production"
PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class AliasChange:
    """Who let an alias stand for which version, and when."""

    name: str
    """Of the bundle."""
    alias: str
    version: str
    set_by: str
    set_at: dt.datetime


class AliasStore:
    """Sets and reads aliases; nothing is ever overwritten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, alias: str, name: str, version: str, by: str) -> None:
        """Let an alias of a bundle stand for a version.

        What `production` stood for until now becomes `previous`.
        """
        async with self._database.begin() as connection:
            await _lock(connection, name)
            await _move(connection, alias, name, version, by)

    async def roll_back(self, name: str, by: str) -> str | None:
        """Let `production` stand for what it stood for before; tell which version that is.

        What it stands for now becomes `previous`, so a second call takes the first one back.
        None means that there is nothing to go back to, and nothing has changed.
        """
        async with self._database.begin() as connection:
            await _lock(connection, name)
            version = await _get(connection, name, PREVIOUS)
            if version is not None:
                await _move(connection, PRODUCTION, name, version, by)
        return version

    async def get(self, name: str, alias: str) -> str | None:
        """Return the version that an alias of a bundle stands for."""
        async with self._database.begin() as connection:
            return await _get(connection, name, alias)

    async def current(self, alias: str) -> dict[str, str]:
        """Return the version that an alias stands for, for every bundle that has it."""
        newest = (
            select(model_alias.c.name, model_alias.c.version)
            .where(model_alias.c.alias == alias)
            .order_by(model_alias.c.name, model_alias.c.id.desc())
            .ext(distinct_on(model_alias.c.name))
        )
        async with self._database.begin() as connection:
            rows = (await connection.execute(newest)).all()
        return {row.name: row.version for row in rows}

    async def history(self) -> list[AliasChange]:
        """Return all changes, newest first."""
        columns = [c for c in model_alias.c if c.name != "id"]
        query = select(*columns).order_by(model_alias.c.id.desc())
        async with self._database.begin() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [AliasChange(**dict(row)) for row in rows]


async def _lock(connection: AsyncConnection, name: str) -> None:
    """Let a second change of the same bundle's aliases wait, and see what the first one did."""
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"model_alias {name}", 0))
    await connection.execute(select(lock))


async def _move(connection: AsyncConnection, alias: str, name: str, version: str, by: str) -> None:
    before = await _get(connection, name, alias)
    if before == version:
        return
    if alias == PRODUCTION and before is not None:
        await _set(connection, PREVIOUS, name, before, by)
    await _set(connection, alias, name, version, by)


async def _get(connection: AsyncConnection, name: str, alias: str) -> str | None:
    named = model_alias.c.name == name, model_alias.c.alias == alias
    newest = select(model_alias.c.version).where(*named).order_by(model_alias.c.id.desc()).limit(1)
    version: str | None = await connection.scalar(newest)
    return version


async def _set(connection: AsyncConnection, alias: str, name: str, version: str, by: str) -> None:
    row = {"name": name, "alias": alias, "version": version, "set_by": clean(by)}
    await connection.execute(insert(model_alias).values(row))
