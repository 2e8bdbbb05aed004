from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.bundles import load_bundle
from app.encoder import TextEmbedder, open_embedder
from app.errors import Unavailable
from app.settings import RuntimeSettings, Settings
from app.startup.sources import FirstSources
from app.store.database import Database
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import upgrade
from app.store.sources import Source, SourceStore, StoredPassage
from tests.bundles import write_embedder


@pytest.fixture
async def embedder(tmp_path: Path) -> AsyncGenerator[TextEmbedder]:
    write_embedder(tmp_path / "models")
    opened = open_embedder(load_bundle(tmp_path / "models", "encoder"), RuntimeSettings(threads=1))
    yield opened
    await opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Gates\n\nGates hold water.\n")
    return tmp_path / "docs"


async def test_named_sources_are_indexed_once(
    folder: Path, database: Database, embedder: TextEmbedder
) -> None:
    store, settings = SourceStore(database), Settings(sources=(folder,), home=folder.parent)
    await FirstSources(settings, store, embedder).ensure()
    (indexed,) = await store.list()
    (folder / "b.md").write_text("# Pipes\n\nPipes carry it.\n")
    await FirstSources(settings, store, embedder).ensure()

    assert indexed.uri.endswith("docs/a.md")
    assert await store.list() == [indexed]


async def test_without_any_named_nothing_happens(
    database: Database, embedder: TextEmbedder
) -> None:
    await FirstSources(Settings(), SourceStore(database), embedder).ensure()

    assert await SourceStore(database).list() == []


async def test_a_file_that_cannot_be_read_is_left_out(
    folder: Path, database: Database, embedder: TextEmbedder
) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 not really")
    with capture_logs() as logged:
        settings = Settings(sources=(folder, folder / "missing.md"), home=folder.parent)
        await FirstSources(settings, SourceStore(database), embedder).ensure()

    assert len(await SourceStore(database).list()) == 1
    told = [entry for entry in logged if entry["event"] == "source_not_indexed"]
    assert len(told) == 2
    assert all(entry["reason"] for entry in told)


async def test_what_was_cut_off_is_gone_on_with_at_the_next_start(
    folder: Path, database: Database, embedder: TextEmbedder
) -> None:
    (folder / "b.md").write_text("# Pipes\n\nPipes carry it.\n")
    store, settings = SourceStore(database), Settings(sources=(folder,), home=folder.parent)

    class BreaksAtTheSecond(SourceStore):
        async def replace(self, new: Source, passages: Sequence[StoredPassage]) -> None:
            if await self.list():
                raise Unavailable
            await super().replace(new, passages)

    with pytest.raises(Unavailable):
        await FirstSources(settings, BreaksAtTheSecond(database), embedder).ensure()
    assert len(await store.list()) == 1

    await FirstSources(settings, store, embedder).ensure()
    assert len(await store.list()) == 2
    await store.remove((await store.list())[0].uri)
    await FirstSources(settings, store, embedder).ensure()
    assert len(await store.list()) == 1


async def test_without_the_database_it_can_be_tried_again(
    folder: Path, home: Path, embedder: TextEmbedder
) -> None:
    postgres = EmbeddedPostgres(home)
    url = postgres.start()
    await asyncio.to_thread(upgrade, url)
    postgres.stop()
    database = Database(url)
    store = SourceStore(database)
    first = FirstSources(Settings(sources=(folder,), home=folder.parent), store, embedder)
    with pytest.raises(Unavailable):
        await first.ensure()
    postgres.start()
    try:
        await first.ensure()
        assert len(await store.list()) == 1
    finally:
        await database.close()
        postgres.stop()
