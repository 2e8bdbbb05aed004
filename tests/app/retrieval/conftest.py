"""A store in a database of its own, and a tiny embedder."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.bundles import load_bundle
from app.encoder import TextEmbedder, open_embedder
from app.settings import RuntimeSettings
from app.store.database import Database
from app.store.sources import SourceStore
from tests.bundles import write_embedder

WORDS = ["gates pipes mills turbines water valves keys answers filters"]


@pytest.fixture
def store(database: Database) -> SourceStore:
    return SourceStore(database)


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of an embedder; no vector of one means anything to the other."""
    folder = tmp_path_factory.mktemp("models")
    write_embedder(folder, texts=WORDS, version="1")
    write_embedder(folder, texts=WORDS, version="2", dimension=32)
    return folder


@pytest.fixture
async def embedder(models_dir: Path) -> AsyncGenerator[TextEmbedder]:
    opened = open_embedder(load_bundle(models_dir, "encoder@1"), RuntimeSettings(threads=1))
    yield opened
    await opened.close()


@pytest.fixture
async def newer_embedder(models_dir: Path) -> AsyncGenerator[TextEmbedder]:
    opened = open_embedder(load_bundle(models_dir, "encoder@2"), RuntimeSettings(threads=1))
    yield opened
    await opened.close()
