"""API keys: made once, shown once, kept as a digest."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from uuid_utils.compat import uuid7

from app.store.database import Database
from app.store.lossless import clean
from app.store.tables import api_key

MARK = "psk_"
SECRET_BYTES = 32
PREFIX_CHARS = len(MARK) + 8
"""Enough to tell keys from each other, too little to help guessing the rest."""


class Scope(StrEnum):
    """What a key may do."""

    INFER = "infer"
    """Ask the models."""
    REVIEW = "review"
    """Read the log."""
    ADMIN = "admin"
    """Read the metrics, and whatever else runs the server."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without its secret."""

    id: UUID
    name: str
    prefix: str
    """The beginning of the secret, for people."""
    digest: bytes
    """SHA-256 of the secret, which is too random to need a slower one."""
    scopes: frozenset[Scope]
    created_at: dt.datetime
    expires_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None


def new_key(
    name: str, scopes: frozenset[Scope], expires_at: dt.datetime | None = None
) -> tuple[ApiKey, str]:
    """Return a key that is not stored yet, and its secret."""
    secret = MARK + secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey(
        id=uuid7(),
        name=clean(name),
        prefix=secret[:PREFIX_CHARS],
        digest=hashlib.sha256(secret.encode()).digest(),
        scopes=scopes,
        created_at=dt.datetime.now(dt.UTC),
        expires_at=expires_at,
    )
    return key, secret


class KeyStore:
    """Makes, lists and revokes API keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, name: str, scopes: frozenset[Scope], expires_at: dt.datetime | None = None
    ) -> tuple[ApiKey, str]:
        """Make a key and return it with its secret, which is stored nowhere."""
        key, secret = new_key(name, scopes, expires_at)
        await self.add(key)
        return key, secret

    async def add(self, key: ApiKey) -> None:
        """Store a new key: from now on it is accepted."""
        row = {field.name: getattr(key, field.name) for field in fields(key)}
        async with self._database.begin() as connection:
            await connection.execute(
                insert(api_key).values(row | {"scopes": " ".join(sorted(key.scopes))})
            )

    async def active(self) -> list[ApiKey]:
        """Return the keys that are neither revoked nor expired."""
        unexpired = or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > func.now())
        return await self._read(api_key.c.revoked_at.is_(None), unexpired)

    async def revoke(self, id_or_prefix: str) -> bool:
        """End a key for good; tell whether there was such a key that had not ended so before."""
        statement = update(api_key).where(_named(id_or_prefix), api_key.c.revoked_at.is_(None))
        async with self._database.begin() as connection:
            done = await connection.execute(statement.values(revoked_at=func.now()))
        return done.rowcount > 0

    async def _read(self, *conditions: ColumnElement[bool]) -> list[ApiKey]:
        query = select(api_key).where(*conditions).order_by(api_key.c.id)
        async with self._database.begin() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_key(dict(row)) for row in rows]

    # Last, because below it `list` is no longer the type.
    async def list(self) -> list[ApiKey]:
        """Return all keys, also revoked and expired ones, oldest first."""
        return await self._read()


def _named(id_or_prefix: str) -> ColumnElement[bool]:
    try:
        return api_key.c.id == UUID(id_or_prefix)
    except ValueError:
        return api_key.c.prefix == clean(id_or_prefix)


def _key(row: Mapping[str, Any]) -> ApiKey:
    # A scope that only a newer server knows gives nothing here.
    known = frozenset(scope for scope in Scope if scope in row["scopes"].split())
    return ApiKey(**{**row, "scopes": known})
