"""Open models, each once, on threads that all of them share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal, Protocol
from weakref import WeakValueDictionary

from app.bundles import Bundle, load_bundle
from app.encoder import (
    TextClassifier,
    TextEmbedder,
    TextTokenClassifier,
    open_classifier,
    open_embedder,
    open_token_classifier,
)
from app.engine import Engine
from app.engine.generation.generator import Generator
from app.engine.opening import open_engine
from app.engine.served import ServedEngines
from app.runtime import Workers, num_threads
from app.settings import Settings
from app.startup.adopting import bundle_of
from app.startup.sampling import SamplingModel
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
    """The models of one server. What is asked for twice is loaded once.

    The encoder and the engines stay until the end; a filter's model as long as a filter has it.
    """

    def __init__(self, settings: Settings, resolve: Resolve) -> None:
        self._settings = settings
        self._resolve = resolve
        self._workers = Workers(num_threads(settings.runtime.threads))
        self._classifiers: WeakValueDictionary[str, TextClassifier] = WeakValueDictionary()
        self._token_classifiers: WeakValueDictionary[str, TextTokenClassifier] = (
            WeakValueDictionary()
        )
        self._kept: dict[str, _Model] = {}
        self._loading = asyncio.Lock()
        self.embedder: TextEmbedder
        self.engines = ServedEngines()

    async def open(self) -> None:
        """Load the encoder.

        Raises:
            StartupError: its bundle is missing or damaged, or the runtime is.
        """
        bundle = await self._bundle(self._settings.encoder)
        runtime = self._settings.runtime
        self.embedder = await asyncio.to_thread(open_embedder, bundle, runtime, self._workers)
        self._kept[bundle.reference] = self.embedder

    async def engine(self, reference: str) -> Engine:
        """Open the engine of this bundle: verified, loaded, and through its golden check.

        One that is served already is returned as it is, unless it is dead. Nobody reaches a new
        one before it is put among `engines`.

        Raises:
            StartupError: as `open`.
        """
        async with self._loading:
            bundle = await self._bundle(reference)
            served = self.engines.get(bundle.reference)
            if served is not None and served.is_alive:
                return served
            return await open_engine(bundle, self._settings.runtime, self.embedder, self._workers)

    async def classifier(self, reference: str) -> TextClassifier:
        """Return the classifier of this bundle.

        Raises:
            StartupError: as `open`.
        """
        async with self._loading:
            bundle = await self._bundle(reference)
            loaded = self._classifiers.get(bundle.reference)
            if loaded is None:
                loaded = await asyncio.to_thread(
                    open_classifier, bundle, self._settings.runtime, self._workers
                )
                self._classifiers[bundle.reference] = loaded
            return loaded

    async def token_classifier(self, reference: str) -> TextTokenClassifier:
        """Return the token classifier of this bundle.

        Raises:
            StartupError: as `open`.
        """
        async with self._loading:
            bundle = await self._bundle(reference)
            loaded = self._token_classifiers.get(bundle.reference)
            if loaded is None:
                loaded = await asyncio.to_thread(
                    open_token_classifier, bundle, self._settings.runtime, self._workers
                )
                self._token_classifiers[bundle.reference] = loaded
            return loaded

    def generator(self, name: str) -> SamplingModel:
        """Return a served language model, by default the server's own.

        Raises:
            FilterError: it is not served, or does not write texts.
        """
        return SamplingModel(self.engines, name or self._settings.model)

    async def close(self) -> None:
        """Close all models, then their threads."""
        await self.engines.close()
        for model in self._encoders().values():
            await model.close()
        await asyncio.to_thread(self._workers.close)

    @property
    def is_alive(self) -> bool:
        """Whether every model's threads are at work."""
        return all(model.is_alive for model in self._models().values())

    @property
    def has_threads(self) -> bool:
        """Whether the threads that all but the language models share are at work."""
        return self._workers.is_alive

    @property
    def references(self) -> list[str]:
        """All loaded bundles, as `name@version`."""
        return list(self._models())

    def queues(self) -> dict[str, int]:
        """How much waits in front of each model, by `name@version`."""
        return {reference: model.num_waiting for reference, model in self._models().items()}

    def running(self) -> dict[str, int]:
        """How many completions each language model works on, by `name@version`."""
        return {reference: model.num_running for reference, model in self._generators().items()}

    def kv_bytes(self) -> dict[str, int]:
        """What each language model has set aside for keys and values, by `name@version`."""
        return {reference: model.kv_bytes for reference, model in self._generators().items()}

    def _generators(self) -> dict[str, Generator]:
        found = (one for one in self.engines.engines if isinstance(one, Generator))
        return {f"{engine.name}@{engine.version}": engine for engine in found}

    def _models(self) -> dict[str, _Model]:
        engines = {f"{engine.name}@{engine.version}": engine for engine in self.engines.engines}
        return {**self._encoders(), **engines}

    def _encoders(self) -> dict[str, _Model]:
        return {**self._kept, **self._classifiers, **self._token_classifiers}

    async def _bundle(self, reference: str) -> Bundle:
        resolved = await self._resolve(
            await asyncio.to_thread(bundle_of, reference, self._settings)
        )
        return await asyncio.to_thread(load_bundle, self._settings.models_dir, resolved)


@asynccontextmanager
async def open_models(settings: Settings, resolve: Resolve) -> AsyncGenerator[LoadedModels]:
    """Open the encoder, and close everything that is opened later on as well.

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

    async def classifier(
        self, bundle: str, activation: Literal["sigmoid", "softmax"] | None = None
    ) -> TextClassifier:
        """Return a text classification model: a bundle, a folder's or a repository's."""
        return (await self._models.classifier(bundle)).with_activation(activation)

    async def token_classifier(self, bundle: str) -> TextTokenClassifier:
        """Return a token classification model, named as for `classifier`."""
        return await self._models.token_classifier(bundle)

    async def embedder(self) -> TextEmbedder:
        """Return the server's sentence encoder."""
        return self._models.embedder

    async def retriever(self) -> Retriever:
        """Return the search over the indexed sources."""
        return self._retriever

    async def generator(self, model: str = "") -> SamplingModel:
        """Return a served language model, by default the server's own."""
        return self._models.generator(model)
