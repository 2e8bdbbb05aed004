"""The connection to Postgres: one pool, one unit of work at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from app.errors import DatabaseError
from app.store.address import Address
from app.store.failures import DRIVER_ERRORS, how_to_mend, translate

CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 15.0
SILENCE_S = 2.0
"""How long a statement may be overdue before the server counts as gone."""
LOCK_TIMEOUT_S = 5.0
IDLE_TIMEOUT_S = 60.0
"""How long a unit of work may do nothing before the server ends it."""
POOL_TIMEOUT_S = 5.0
RECYCLE_S = 1_800
CLOSE_TIMEOUT_S = 5.0
OLDEST_SERVER = 140_000


class Database:
    """A pool of connections to the database behind `url`, for use in one event loop.

    Args:
        url: `postgresql://…`, with libpq's parameters; `?pgbouncer=true` if one stands between.
        pool_size: The most connections at once; who needs a further one waits for it.
        statement_timeout_s: How long one statement may take.

    Raises:
        DatabaseError: `url` is not the address of a Postgres database.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    ) -> None:
        self.url = url
        self._statement_timeout_s = statement_timeout_s
        self._address = Address.parse(url)
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._open_for_engine,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
            pool_pre_ping=True,
            pool_recycle=RECYCLE_S,
            hide_parameters=True,
            # Rows are written with their JSON already as text.
            json_serializer=_as_it_is,
            connect_args=self._pooler_options(),
        )

    async def connect(self) -> None:
        """See that the database can be reached and used.

        Without this, or after it failed, connections are still made when they are needed.

        Raises:
            DatabaseError: it cannot; the message says how to mend that.
        """
        try:
            async with self._engine.connect() as connection:
                query = text(
                    "SELECT current_setting('server_version_num')::int, getdatabaseencoding()"
                )
                version, encoding = (await connection.execute(query)).one()
        except DRIVER_ERRORS as error:
            raise DatabaseError(
                f"The database of PENSTOCK_DATABASE_URL cannot be used. {how_to_mend(error)}"
            ) from None
        if version < OLDEST_SERVER:
            raise DatabaseError("The database server is older than PostgreSQL 14: upgrade it.")
        if encoding != "UTF8":
            raise DatabaseError(
                f"The database's encoding is {encoding}, and only UTF8 holds any text: "
                "create it anew with `createdb -E UTF8 -T template0`."
            )

    async def close(self) -> None:
        """Close all connections; those whose server says nothing are left to it."""
        with suppress(*DRIVER_ERRORS):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._engine.dispose()

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        """Open one unit of work: committed at its end, rolled back if it raises.

        Raises:
            Unavailable: the database is down, too slow, or its schema does not fit.
            Unstorable: it refuses the values.
        """
        try:
            async with self._engine.begin() as connection:
                yield connection
        except DRIVER_ERRORS as error:
            raise translate(error) from None

    async def open_connection(self) -> asyncpg.Connection[asyncpg.Record]:
        """Open a connection outside of the pool, to listen on.

        Raises:
            Unavailable: the database is down.
        """
        try:
            return await self._open()
        except DRIVER_ERRORS as error:
            raise translate(error) from None

    async def _open_for_engine(self, **_: Any) -> asyncpg.Connection[asyncpg.Record]:
        return await self._open()

    async def _open(self) -> asyncpg.Connection[asyncpg.Record]:
        pooled = self._address.pooled
        return await asyncpg.connect(
            self._address.dsn,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=self._statement_timeout_s + SILENCE_S,
            statement_cache_size=0 if pooled else 100,
            server_settings={"application_name": "penstock"} if pooled else self._server_settings(),
        )

    def _server_settings(self) -> dict[str, str]:
        return {
            "application_name": "penstock",
            "statement_timeout": _milliseconds(self._statement_timeout_s),
            "lock_timeout": _milliseconds(LOCK_TIMEOUT_S),
            "idle_in_transaction_session_timeout": _milliseconds(IDLE_TIMEOUT_S),
            "client_min_messages": "error",
            "timezone": "UTC",
        }

    def _pooler_options(self) -> dict[str, Any]:
        if not self._address.pooled:
            return {}
        return {
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"penstock_{uuid4().hex}",
        }


def _as_it_is(written: str) -> str:
    return written


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1_000:.0f}ms"
