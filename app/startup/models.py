"""Load every model that the settings name, once, on threads that all of them share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from app.bundles import Bundle, load_bundle
from app.encoder import TextClassifier, TextEmbedder, open_classifier, open_embedder
from app.engine import Engine
from app.engine.opening import open_engine
from app.runtime import Workers, num_threads
from app.settings import Settings
from filters import Retriever

Resolve = Callable[[str], Awaitable[str]]
"""Turns `name` into the `name@version` that is in production."""


class _Model(Protocol):
    @property
    def is_alive(self) -> bool: ...

    @property
    def num_waiting(self) -> int: ...

    async def close(self) -> None: ...


class LoadedModels:
    """The models of one server. What is asked for twice is loaded once."""

    def __init__(self, settings: Settings, resolve: Resolve) -> None:
        self._settings = settings
        self._resolve = resolve
        self._workers = Workers(num_threads(settings.runtime.threads))
        self._classifiers: dict[str, TextClassifier] = {}
        self._opened: dict[str, _Model] = {}
        self._loading = asyncio.Lock()
        self.embedder: TextEmbedder
        self.engines: dict[str, Engine] = {}
        """Each engine by its name and by `name@version`."""

    async def open(self) -> None:
        """Load the encoder and all engines.

        Raises:
            StartupError: a bundle is missing or damaged, or the runtime is.
        """
        runtime = self._settings.runtime
        encoder = await self._bundle(self._settings.encoder)
        self.embedder = await asyncio.to_thread(open_embedder, encoder, runtime, self._workers)
        self._opened[encoder.reference] = self.embedder
        for reference in (self._settings.model, *self._settings.models):
            bundle = await self._bundle(reference)
            engine = await open_engine(bundle, runtime, self.embedder, self._workers)
            self._opened[bundle.reference] = engine
            # `name` alone means the version named first.
            self.engines.setdefault(bundle.name, engine)
            self.engines[bundle.reference] = engine

    async def classifier(self, reference: str) -> TextClassifier:
        """Return the classifier of this bundle.

        Raises:
            StartupError: as `open`.
        """
        async with self._loading:
            bundle = await self._bundle(reference)
            if bundle.reference not in self._classifiers:
                opened = await asyncio.to_thread(
                    open_classifier, bundle, self._settings.runtime, self._workers
                )
                self._opened[bundle.reference] = self._classifiers[bundle.reference] = opened
            return self._classifiers[bundle.reference]

    async def close(self) -> None:
        """Close all models, then their threads."""
        for model in reversed(self._opened.values()):
            await model.close()
        await asyncio.to_thread(self._workers.close)

    @property
    def is_alive(self) -> bool:
        """Whether every model's threads are at work."""
        return all(model.is_alive for model in self._opened.values())

    @property
    def references(self) -> list[str]:
        """All loaded bundles, as `name@version`."""
        return list(self._opened)

    def queues(self) -> dict[str, int]:
        """How much waits in front of each model, by `name@version`."""
        return {reference: model.num_waiting for reference, model in self._opened.items()}

    async def _bundle(self, reference: str) -> Bundle:
        resolved = await self._resolve(reference)
        return await asyncio.to_thread(load_bundle, self._settings.models_dir, resolved)


@asynccontextmanager
async def open_models(settings: Settings, resolve: Resolve) -> AsyncGenerator[LoadedModels]:
    """Open the encoder and the engines; everything is closed at the end.

    Raises:
        StartupError: a bundle is missing or damaged, or the runtime is.
    """
    models = LoadedModels(settings, resolve)
    try:
        await models.open()
        yield models
    finally:
        await models.close()


class FilterResources:
    """What filters may share (implements `filters.Resources`)."""

    def __init__(self, models: LoadedModels, retriever: Retriever) -> None:
        self._models = models
        self._retriever = retriever

    async def classifier(self, bundle: str) -> TextClassifier:
        """Return the text classification bundle `name` or `name@version`."""
        return await self._models.classifier(bundle)

    async def embedder(self) -> TextEmbedder:
        """Return the server's sentence encoder."""
        return self._models.embedder

    async def retriever(self) -> Retriever:
        """Return the search over the indexed sources."""
        return self._retriever
