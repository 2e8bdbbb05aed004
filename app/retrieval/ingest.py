"""Bring files into the store: read, cut, embed, and replace what was there of the same source."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

from app.errors import SourceUnreadable
from app.retrieval import chunk
from app.retrieval.files import SourceFile, is_below, is_gone, read_bytes, source_uri
from app.retrieval.parse import Bounds, media_type
from app.retrieval.reader import Reader
from app.retrieval.vectors import NamedEmbedder, Progress, embed_passages
from app.store.sources import Source, SourceRow, SourceStore, StoredPassage


class Change(StrEnum):
    """What became of one file."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file, and why if it failed."""

    uri: str
    change: Change
    num_passages: int = 0
    reason: str = ""


class Ingest:
    """Adds files to the sources; a context, because reading them takes a child process.

    Args:
        store: Where sources and passages are kept.
        embedder: Embeds the passages.
        chunk_chars: The length of a passage aimed at.
        bounds: How large and how costly one file may be.
    """

    def __init__(
        self,
        store: SourceStore,
        embedder: NamedEmbedder,
        chunk_chars: int,
        bounds: Bounds | None = None,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._chunk_chars = chunk_chars
        self._bounds = bounds or Bounds()
        self._reader = Reader(self._bounds)
        self._known: dict[str, SourceRow] = {}

    async def __aenter__(self) -> Self:
        self._known = {row.uri: row for row in await self._store.list()}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._reader.close()

    async def add(
        self, file: SourceFile, *, anew: bool = False, progress: Progress | None = None
    ) -> Result:
        """Bring one file's source up to date, in one transaction.

        What is stored already, cut and embedded in the same way, is left as it is unless `anew`.
        A file that cannot be read changes nothing: an earlier version of it stays.

        Raises:
            Unavailable: the database is down.
            ModelFailed: the embedder failed.
        """
        known = self._known.get(file.uri)
        try:
            content = await asyncio.to_thread(read_bytes, file.path, self._bounds.max_bytes)
            digest = self._digest(content)
            if known and not anew and self._is_current(known, digest):
                return Result(file.uri, Change.UNCHANGED)
            document = await self._reader.read(content, file.uri)
        except SourceUnreadable as error:
            return Result(file.uri, Change.FAILED, reason=error.message)
        chunks = chunk.chunk(document, file.uri, self._chunk_chars)
        source = Source(file.uri, document.title, media_type(content, file.uri), digest)
        await self._replace(
            source,
            [StoredPassage(c.id, file.uri, c.title, c.position, c.text, b"", "") for c in chunks],
            progress,
        )
        return Result(file.uri, Change.UPDATED if known else Change.ADDED, len(chunks))

    async def prune(self, folders: Sequence[Path], root: Path) -> list[str]:
        """Remove the sources below `folders` whose file is gone; return their names.

        Raises:
            Unavailable: the database is down.
        """
        tops = [source_uri(folder, root) for folder in folders]
        gone = [
            uri
            for uri in self._known
            if any(is_below(uri, top) for top in tops) and is_gone(uri, root)
        ]
        for uri in gone:
            await self._store.remove(uri)
            del self._known[uri]
        return gone

    @property
    def foreign(self) -> list[str]:
        """Sources whose passages another embedder has embedded: found by their words only."""
        return [
            uri for uri, row in self._known.items() if row.embedders - {self._embedder.reference}
        ]

    async def reembed(self, progress: Progress | None = None) -> None:
        """Embed the `foreign` sources again from their stored passages; no file is needed.

        Raises:
            Unavailable: the database is down.
            ModelFailed: the embedder failed.
        """
        uris = self.foreign
        wanted = set(uris)
        stored = [p async for p in self._store.passages() if p.source_uri in wanted]
        for uri, passages in groupby(stored, key=lambda passage: passage.source_uri):
            row = self._known[uri]
            source = Source(uri, row.title, row.media_type, row.digest)
            await self._replace(source, list(passages))
            if progress:
                progress(len(uris) - len(self.foreign), len(uris))

    async def _replace(
        self,
        source: Source,
        passages: Sequence[StoredPassage],
        progress: Progress | None = None,
    ) -> None:
        texts = [(passage.title, passage.text) for passage in passages]
        vectors = await embed_passages(self._embedder, texts, progress)
        embedder = self._embedder.reference
        await self._store.replace(
            source,
            [
                replace(passage, embedding=vector, embedder=embedder)
                for passage, vector in zip(passages, vectors, strict=True)
            ],
        )
        self._known.pop(source.uri, None)

    def _digest(self, content: bytes) -> bytes:
        how = f"penstock chunks {chunk.VERSION}, {self._chunk_chars} characters\n"
        return hashlib.sha256(how.encode() + content).digest()

    def _is_current(self, known: SourceRow, digest: bytes) -> bool:
        return known.digest == digest and known.embedders <= {self._embedder.reference}
