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


async def index_first_sources(
    settings: Settings, store: SourceStore, embedder: TextEmbedder
) -> None:
    """Index `settings.sources` if nothing is indexed; a file that cannot be read is left out.

    Raises:
        Unavailable: the database is down.
        ModelFailed: the embedder failed.
    """
    if not settings.sources or await store.list():
        return
    files = find_files(settings.sources, Path())
    log.info("indexing_first_sources", files=len(files))
    async with Ingest(store, embedder, settings.retrieval.chunk_chars) as ingest:
        for file in files:
            result = await ingest.add(file)
            if result.change is Change.FAILED:
                log.warning("source_not_indexed", source=result.uri, reason=result.reason)
