"""Engines over tiny bundles, closed after the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.bundles import load_bundle
from app.encoder import TextEmbedder, open_embedder
from app.engine import Engine
from app.engine.opening import open_engine
from app.settings.model import RuntimeSettings
from tests.bundles import write_embedder
from tests.encoders import CPU
from tests.engines import Open


@pytest.fixture
async def closing() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def open_it(tmp_path: Path, closing: AsyncExitStack) -> Open:
    """Return a function that opens the bundle of a name as an engine."""

    async def opened(
        name: str, embedder: TextEmbedder | None = None, settings: RuntimeSettings = CPU
    ) -> Engine:
        engine = await open_engine(load_bundle(tmp_path, name), settings, embedder)
        closing.push_async_callback(engine.close)
        return engine

    return opened


@pytest.fixture
def embedder(tmp_path: Path, closing: AsyncExitStack) -> TextEmbedder:
    write_embedder(tmp_path)
    opened = open_embedder(load_bundle(tmp_path, "encoder"), CPU)
    closing.push_async_callback(opened.close)
    return opened
