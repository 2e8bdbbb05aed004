"""The search over the indexed sources: an index in this process that follows the store."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress

import structlog

from app.errors import PenstockError, Unavailable
from app.retrieval.index import PassageIndex
from app.retrieval.vectors import NamedEmbedder, read_vectors
from app.store.sources import SourceStore, StoredPassage
from filters import Passage

SETTLE_S = 0.2
"""Pause after a refresh, so that many changes in a row are read together."""
LISTEN_AGAIN_S = 1.0
_INLINE_PASSAGES = 10_000
"""Up to this many a search takes less than a millisecond, which is less than changing threads."""

log = structlog.get_logger(__name__)


class Searcher:
    """Searches the passages of the store (implements `filters.Retriever`).

    The index is replaced as a whole when the sources change. While Postgres is down the last
    one goes on serving.

    Args:
        store: Where the passages are kept.
        embedder: Embeds the questions; passages embedded by another one are found by their
            words only.
        refresh_s: Longest time until a change is seen when its notification is missed.
    """

    def __init__(self, store: SourceStore, embedder: NamedEmbedder, refresh_s: float) -> None:
        self._store = store
        self._embedder = embedder
        self._refresh_s = refresh_s
        self._index = PassageIndex([], read_vectors([], embedder.dimension))
        self._version: int | None = None
        self._changed = asyncio.Event()
        self._stack = AsyncExitStack()
        self._running: list[asyncio.Task[None]] = []

    @property
    def is_ready(self) -> bool:
        """Whether an index has been loaded."""
        return self._version is not None

    @property
    def num_passages(self) -> int:
        """Passages in the index."""
        return len(self._index)

    async def start(self) -> None:
        """Load the index and follow the store; without Postgres, as soon as it is there."""
        with suppress(Unavailable):
            await self.refresh()
        tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._running = [tasks.create_task(self._listen()), tasks.create_task(self._follow())]

    async def close(self) -> None:
        """Stop following; searches still work."""
        for task in self._running:
            task.cancel()
        await self._stack.aclose()

    async def search(self, query: str, limit: int) -> list[Passage]:
        """Return the best passages first.

        Raises:
            Unavailable: no index could be loaded yet.
            EngineBusy: too many texts wait for the embedder.
            ModelFailed: the embedder failed.
        """
        if not self.is_ready:
            raise Unavailable("The index of the sources is not loaded yet.")
        index = self._index
        if not len(index):
            return []
        [vector] = await self._embedder.embed([query])
        if len(index) <= _INLINE_PASSAGES:
            return index.search(query, vector, limit)
        return await asyncio.to_thread(index.search, query, vector, limit)

    async def refresh(self) -> bool:
        """Load the index if the sources have changed; tell whether they had.

        Raises:
            Unavailable: the database is down.
        """
        # Read first: what changes while the passages are read is seen the next time.
        version = await self._store.version()
        if version == self._version:
            return False
        stored = [passage async for passage in self._store.passages()]
        self._index = await asyncio.to_thread(self._build, stored)
        self._version = version
        return True

    def _build(self, stored: list[StoredPassage]) -> PassageIndex:
        ours = self._embedder.reference
        foreign = sum(passage.embedder != ours for passage in stored)
        if foreign:
            log.warning("passages_of_another_embedder", passages=foreign, embedder=ours)
        vectors = [p.embedding if p.embedder == ours else b"" for p in stored]
        passages = [Passage(str(p.id), p.text, p.source_uri, p.title) for p in stored]
        log.info("index_built", passages=len(passages))
        return PassageIndex(passages, read_vectors(vectors, self._embedder.dimension))

    async def _listen(self) -> None:
        while True:
            try:
                async for _ in self._store.listen():
                    self._changed.set()
            except Exception:  # whatever it is, the index must go on following the sources
                log.exception("index_listening_failed")
            await asyncio.sleep(LISTEN_AGAIN_S)

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._refresh_s):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self.refresh()
            except PenstockError as error:
                log.warning("index_not_refreshed", error=error.code)
            except Exception:  # as above
                log.exception("index_not_refreshed")
            await asyncio.sleep(SETTLE_S)
