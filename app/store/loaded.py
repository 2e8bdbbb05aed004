"""Which bundles are served besides those that the settings name."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.store.database import Database
from app.store.lossless import clean
from app.store.tables import loaded_model


class LoadedModelStore:
    """Keeps the names of further bundles; every server that shares the database serves them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str, by: str) -> None:
        """Let a bundle be served; one that is served already stays so."""
        row = {"name": name, "set_by": clean(by)}
        async with self._database.begin() as connection:
            await connection.execute(insert(loaded_model).values(row).on_conflict_do_nothing())

    async def remove(self, name: str) -> bool:
        """Let a bundle be served no more; tell whether it was."""
        async with self._database.begin() as connection:
            done = await connection.execute(delete(loaded_model).where(loaded_model.c.name == name))
        return done.rowcount > 0

    async def names(self) -> list[str]:
        """Return the bundles' names, in alphabetical order."""
        query = select(loaded_model.c.name).order_by(loaded_model.c.name)
        async with self._database.begin() as connection:
            return list((await connection.scalars(query)).all())
