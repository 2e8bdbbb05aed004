"""Reach the database, and keep what the server knows from it up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from app.errors import DatabaseError, Unavailable
from app.routes.keyring import KeyRing
from app.settings import Settings
from app.startup.secrets import make_first_key
from app.store.aliases import PRODUCTION, AliasStore
from app.store.database import Database
from app.store.embedded import EmbeddedPostgres
from app.store.keys import KeyStore
from app.store.migrate import upgrade

log = structlog.get_logger(__name__)

FOLLOW_EVERY_S = 2.0
"""How often keys are read again: a revoked key is refused after this time."""


class DatabaseLink:
    """The server's database: embedded or given, there or not there yet.

    An embedded Postgres must start. A given one may be down: then the server starts without it
    and goes on trying.
    """

    def __init__(self, settings: Settings, url: str, postgres: EmbeddedPostgres | None) -> None:
        self.url = url
        self.database = Database(url)
        self.keys = KeyRing(KeyStore(self.database))
        self._settings = settings
        self._postgres = postgres
        self._is_prepared = False

    async def begin(self) -> None:
        """Prepare the database and load the keys.

        Raises:
            DatabaseError: the embedded Postgres fails, or the schema does not fit this version.
        """
        try:
            await self.database.connect()
        except DatabaseError as error:
            if self._postgres:
                raise
            log.warning("started_without_database", error=error.message)
            return
        await self.follow()

    async def follow(self) -> None:
        """Migrate once, make the first key once, and read the keys.

        Raises:
            Unavailable: the database is down.
            DatabaseError: it cannot be reached, or its schema does not fit this version.
        """
        try:
            if not self._is_prepared:
                await asyncio.to_thread(upgrade, self.url)
                await make_first_key(KeyStore(self.database), self._settings.home)
                self._is_prepared = True
            await self.keys.refresh()
        except Unavailable:
            if self._postgres:
                await asyncio.to_thread(self._postgres.ensure)
            raise

    async def resolve(self, reference: str) -> str:
        """Return the version of a bundle that is in production, as `name@version`.

        A reference with a version stays as it is, and so does one without an alias: it means the
        newest version.
        """
        if "@" in reference:
            return reference
        try:
            version = await AliasStore(self.database).get(reference, PRODUCTION)
        except Unavailable:
            log.warning("alias_not_read", bundle=reference)
            return reference
        return f"{reference}@{version}" if version else reference


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncGenerator[DatabaseLink]:
    """Open the database of the settings, or start the embedded one.

    Raises:
        DatabaseError: the embedded Postgres fails, or the schema does not fit this version.
    """
    postgres = None if settings.database_url else EmbeddedPostgres(settings.home)
    try:
        if settings.database_url:
            url = settings.database_url.get_secret_value()
        else:
            assert postgres is not None  # noqa: S101  one of the two is given
            url = await asyncio.to_thread(postgres.start)
        link = DatabaseLink(settings, url, postgres)
        try:
            await link.begin()
            yield link
        finally:
            await link.database.close()
    finally:
        if postgres:
            await asyncio.to_thread(postgres.stop)
