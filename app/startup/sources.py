"""Index the sources that the settings name, when there are none yet.

A mark in the state folder stands from the first of them to the last: what was begun and cut off
is gone on with, at the next try or the next start.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from app.encoder import TextEmbedder
from app.retrieval.files import find_files
from app.retrieval.ingest import Change, Ingest
from app.settings import Settings
from app.store.sources import SourceStore

log = structlog.get_logger(__name__)

BEGUN = "first-sources-begun"
TRY_EVERY_S = 5.0
"""How often it is tried again while the database is away."""


class FirstSources:
    """The sources of the settings, indexed once on an empty store."""

    def __init__(self, settings: Settings, store: SourceStore, embedder: TextEmbedder) -> None:
        self._settings = settings
        self._store = store
        self._embedder = embedder
        self._begun = settings.home / BEGUN
        self._is_done = not settings.sources

    async def ensure(self) -> None:
        """Index them if nothing is indexed or not all was; an unreadable file is left out.

        Raises:
            Unavailable: the database is down.
            ModelFailed: the embedder failed.
        """
        if self._is_done:
            return
        if self._begun.exists() or not await self._store.list():
            self._begun.touch()
            await self._index()
            self._begun.unlink(missing_ok=True)
        self._is_done = True

    async def _index(self) -> None:
        files = find_files(self._settings.sources, Path())
        log.info("indexing_first_sources", files=len(files))
        chunk_chars = self._settings.retrieval.chunk_chars
        async with Ingest(self._store, self._embedder, chunk_chars) as ingest:
            for file in files:
                result = await ingest.add(file)
                if result.change is Change.FAILED:
                    log.warning("source_not_indexed", source=result.uri, reason=result.reason)
