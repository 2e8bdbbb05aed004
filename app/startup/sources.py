"""Index the sources that the settings name, when there are none yet."""

from __future__ import annotations

from pathlib import Path

import structlog

from app.encoder import TextEmbedder
from app.retrieval.files import find_files
from app.retrieval.ingest import Change, Ingest
from app.settings import Settings
from app.store.sources import SourceStore

log = structlog.get_logger(__name__)

TRY_EVERY_S = 5.0
"""How often it is tried again while the database is away."""


class FirstSources:
    """The sources of the settings, indexed once on an empty store."""

    def __init__(self, settings: Settings, store: SourceStore, embedder: TextEmbedder) -> None:
        self._settings = settings
        self._store = store
        self._embedder = embedder
        self._is_done = not settings.sources

    async def ensure(self) -> None:
        """Index them if nothing is indexed; a file that cannot be read is left out.

        Raises:
            Unavailable: the database is down.
            ModelFailed: the embedder failed.
        """
        if self._is_done:
            return
        if not await self._store.list():
            await self._index()
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
