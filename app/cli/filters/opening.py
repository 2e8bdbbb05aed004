"""Open filters outside of a server: what they share is loaded when they ask for it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from app.cli import database, frame
from app.startup.models import FilterResources, LoadedModels

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from app.chain.chain import Chain
    from app.encoder import TextEmbedder
    from app.settings import ChainEntry, Settings
    from app.startup.sampling import SamplingModel
    from app.store.database import Database
    from filters import Retriever

T = TypeVar("T")


class LocalResources(FilterResources):
    """What filters may share, each opened when the first one asks for it.

    Where there is a database, its aliases say which version of a model is meant, as in a server.
    """

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._stack = stack
        self._models = LoadedModels(settings, self._resolve)
        self._found: Retriever | None = None
        self._embedder: TextEmbedder | None = None
        self._database: Database | None = None
        self._has_looked = False
        stack.push_async_callback(self._models.close)

    async def embedder(self) -> TextEmbedder:
        """Return the encoder of the settings."""
        if self._embedder is None:
            await self._models.open()
            self._embedder = self._models.embedder
        return self._embedder

    async def retriever(self) -> Retriever:
        """Return the search over the indexed sources."""
        from app.errors import DatabaseError
        from app.retrieval.searcher import Searcher
        from app.store.sources import SourceStore

        if self._found is None:
            store = await self._connected()
            if store is None:
                raise DatabaseError("There is no database yet: start the server once.")
            searcher = Searcher(
                SourceStore(store), await self.embedder(), self._settings.retrieval.refresh_s
            )
            await searcher.refresh()
            self._found = searcher
        return self._found

    async def generator(self, model: str = "") -> SamplingModel:
        """Return a language model, by default the server's own; here it serves filters alone."""
        name = model or self._settings.model
        if self._models.engines.get(name) is None:
            await self.embedder()
            self._models.engines.put(name, await self._models.engine(name))
        return self._models.generator(name)

    async def _resolve(self, reference: str) -> str:
        from app.store.aliases import PRODUCTION, AliasStore

        if "@" in reference or (store := await self._connected()) is None:
            return reference
        version = await AliasStore(store).get(reference, PRODUCTION)
        return f"{reference}@{version}" if version else reference

    async def _connected(self) -> Database | None:
        """Return the database; None where none was ever made."""
        settings, has_looked = self._settings, self._has_looked
        self._has_looked = True
        if not has_looked and (settings.database_url or (settings.home / "postgres").is_dir()):
            url = self._stack.enter_context(database.address(settings))
            self._database = await self._connect(url)
        return self._database

    async def _connect(self, url: str) -> Database | None:
        from app.store.database import Database
        from app.store.migrate import current

        if await asyncio.to_thread(current, url) is None:
            return None
        opened = Database(url, pool_size=database.POOL_SIZE)
        self._stack.push_async_callback(opened.close)
        await opened.connect()
        return opened


@asynccontextmanager
async def opened(settings: Settings, entries: Sequence[ChainEntry]) -> AsyncGenerator[Chain]:
    """Give a chain of these entries, set up and through its canaries.

    Raises:
        FilterError: a filter is unknown, cannot be set up or fails its canaries.
    """
    from app.chain.chain import Chain

    chain = Chain.build(entries)
    async with AsyncExitStack() as stack:
        resources = LocalResources(settings, stack)
        stack.push_async_callback(chain.close)
        await chain.open(resources)
        yield chain


def run(entries: Sequence[ChainEntry], work: Callable[[Chain], Awaitable[T]]) -> T:
    """Do something with an open chain, with warnings on stderr.

    Raises:
        FilterError: as `opened`.
    """
    from app.telemetry import configure_logs

    settings = frame.settings()

    async def _run() -> T:
        async with opened(settings, entries) as chain:
            return await work(chain)

    # The texts are the caller's own, so what an exception says of them may be shown.
    writer = configure_logs("warning", "text", with_messages=True)
    try:
        return asyncio.run(_run())
    finally:
        writer.close()
