"""The sources and their passages, from which every process builds its search index."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.bulk import bulk_insert, columns_of
from app.store.database import Database
from app.store.listen import listen
from app.store.lossless import Row, pack, unpack
from app.store.tables import passage, source, source_revision

CHANNEL = "penstock_sources"
ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """A document that passages are cut from."""

    uri: str
    """Its path or address, the name it is cited by."""
    title: str
    media_type: str
    digest: bytes
    """Changes when the document, or the way it is cut, does."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as it is stored."""

    uri: str
    title: str
    media_type: str
    digest: bytes
    updated_at: dt.datetime
    num_passages: int
    embedders: frozenset[str]
    """Those that embedded its passages."""


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A piece of a source with its embedding."""

    id: UUID
    source_uri: str
    title: str
    position: int
    """Its place among the source's passages, from 0."""
    text: str
    embedding: bytes
    """Little-endian float16 numbers."""
    embedder: str
    """`name@version` of the bundle that made it."""


class SourceStore:
    """Writes and reads sources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replace(self, new: Source, passages: Sequence[StoredPassage]) -> None:
        """Store a source and its passages in place of what was stored under its name.

        Raises:
            Unavailable: the database is down; nothing has changed.
            Unstorable: the name, or something else than a text, cannot be stored.
        """
        row = pack({"title": new.title}, {}) | {
            "uri": new.uri,
            "media_type": new.media_type,
            "digest": new.digest,
            "updated_at": dt.datetime.now(dt.UTC),
        }
        async with self._database.begin() as connection:
            await _count_change(connection)
            await connection.execute(delete(source).where(source.c.uri == new.uri))
            await connection.execute(insert(source).values(row))
            for start in range(0, len(passages), ROWS_AT_ONCE):
                rows = [_passage_row(item) for item in passages[start : start + ROWS_AT_ONCE]]
                await connection.execute(bulk_insert(passage), columns_of(rows))

    async def remove(self, uri: str) -> bool:
        """Remove a source with its passages; tell whether it was there."""
        async with self._database.begin() as connection:
            done = await connection.execute(delete(source).where(source.c.uri == uri))
            was_there = done.rowcount > 0
            if was_there:
                await _count_change(connection)
        return was_there

    async def list(self) -> list[SourceRow]:
        """Return all sources, by name."""
        query = (
            select(
                source,
                func.count(passage.c.id).label("num_passages"),
                func.array_remove(func.array_agg(passage.c.embedder.distinct()), None).label(
                    "embedders"
                ),
            )
            .outerjoin(passage)
            .group_by(source.c.uri)
            .order_by(source.c.uri)
        )
        async with self._database.begin() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_source(dict(row)) for row in rows]

    async def version(self) -> int:
        """Return a number that grows with every change of the sources."""
        async with self._database.begin() as connection:
            found = await connection.execute(select(source_revision.c.revision))
        revision: int = found.scalar_one()
        return revision

    async def passages(self) -> AsyncGenerator[StoredPassage]:
        """Yield all passages, as they are at one moment, source by source."""
        query = select(passage).order_by(passage.c.source_uri, passage.c.position)
        async with self._database.begin() as connection:
            stream = await connection.stream(query, execution_options={"yield_per": ROWS_AT_ONCE})
            async for row in stream.mappings():
                yield _passage(dict(row))

    def listen(self) -> AsyncGenerator[None]:
        """Yield at once, and whenever the sources may have changed; see `app.store.listen`."""
        return listen(self._database, CHANNEL)


async def _count_change(connection: AsyncConnection) -> None:
    """Count one more change; a second change waits until this one is committed."""
    more = source_revision.c.revision + 1
    await connection.execute(update(source_revision).values(revision=more))
    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


def _passage_row(item: StoredPassage) -> Row:
    return pack({"title": item.title, "text": item.text}, {}) | {
        "id": item.id,
        "source_uri": item.source_uri,
        "position": item.position,
        "embedding": item.embedding,
        "embedder": item.embedder,
    }


def _passage(row: Mapping[str, Any]) -> StoredPassage:
    values = unpack(row)
    del values["originals"]
    return StoredPassage(**values)


def _source(row: Mapping[str, Any]) -> SourceRow:
    values = unpack(row)
    del values["originals"]
    return SourceRow(**values | {"embedders": frozenset(values["embedders"])})
