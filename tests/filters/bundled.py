"""The resources of a filter under test: real bundles from a folder, closed at the end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from app.bundles import load_bundle
from app.encoder import (
    TextClassifier,
    TextEmbedder,
    TextTokenClassifier,
    open_classifier,
    open_embedder,
    open_token_classifier,
)
from app.engine import Engine
from app.engine.opening import open_engine
from app.engine.served import ServedEngines
from app.settings.model import RuntimeSettings
from app.startup.sampling import SamplingModel
from filters import Retriever

RUNTIME = RuntimeSettings(provider="cpu", threads=1)


class BundledResources:
    """Opens bundles of one folder (implements `filters.Resources`)."""

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._opened: list[TextClassifier | TextEmbedder | TextTokenClassifier | Engine] = []

    async def classifier(
        self, bundle: str, activation: Literal["sigmoid", "softmax"] | None = None
    ) -> TextClassifier:
        classifier = open_classifier(load_bundle(self._models_dir, bundle), RUNTIME)
        self._opened.append(classifier)
        return classifier.with_activation(activation)

    async def token_classifier(self, bundle: str) -> TextTokenClassifier:
        classifier = open_token_classifier(load_bundle(self._models_dir, bundle), RUNTIME)
        self._opened.append(classifier)
        return classifier

    async def embedder(self) -> TextEmbedder:
        embedder = open_embedder(load_bundle(self._models_dir, "encoder"), RUNTIME)
        self._opened.append(embedder)
        return embedder

    async def retriever(self) -> Retriever:
        raise NotImplementedError

    async def generator(self, model: str = "") -> SamplingModel:
        """Return the language model of the bundle `model`."""
        engine = await open_engine(load_bundle(self._models_dir, model), RUNTIME, None)
        self._opened.append(engine)
        return SamplingModel(ServedEngines.of({model: engine}), model)

    async def close(self) -> None:
        for one in self._opened:
            await one.close()


@asynccontextmanager
async def bundled(models_dir: Path) -> AsyncGenerator[BundledResources]:
    """Give resources, and close what was opened."""
    resources = BundledResources(models_dir)
    try:
        yield resources
    finally:
        await resources.close()
