import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from app.encoder import TextEmbedder
from app.errors import Unavailable
from app.retrieval import searcher as searcher_module
from app.retrieval.searcher import Searcher
from app.retrieval.vectors import embed_passages
from app.store.database import Database
from app.store.sources import Source, SourceStore, StoredPassage
from tests.postgres import run_sql

SELDOM_S, OFTEN_S = 3_600.0, 0.05


async def put(store: SourceStore, embedder: TextEmbedder, uri: str, *texts: str) -> None:
    vectors = await embed_passages(embedder, [("Guide", text) for text in texts])
    await store.replace(
        Source(uri, "Guide", "text/markdown", b"digest"),
        [
            StoredPassage(uuid4(), uri, "Guide", position, text, vector, embedder.reference)
            for position, (text, vector) in enumerate(zip(texts, vectors, strict=True))
        ],
    )


@asynccontextmanager
async def started(
    store: SourceStore, embedder: TextEmbedder, refresh_s: float = SELDOM_S
) -> AsyncGenerator[Searcher]:
    searcher = Searcher(store, embedder, refresh_s)
    await searcher.start()
    try:
        yield searcher
    finally:
        await searcher.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process would be polled too
            await asyncio.sleep(0.01)


async def test_a_question_finds_its_passage(store: SourceStore, embedder: TextEmbedder) -> None:
    await put(store, embedder, "a.md", "Gates hold water.", "Pipes lead down.", "Mills grind.")
    async with started(store, embedder) as searcher:
        assert searcher.is_ready
        assert searcher.num_passages == 3
        found = await searcher.search("Where do the pipes lead?", 4)
        both = await searcher.search("pipes and mills", 2)
    assert found[0].text == "Pipes lead down."
    assert (found[0].source, found[0].title) == ("a.md", "Guide")
    assert found[0].score == pytest.approx(1.0)
    assert {p.text for p in both} == {"Pipes lead down.", "Mills grind."}


async def test_no_sources_no_passages(store: SourceStore, embedder: TextEmbedder) -> None:
    async with started(store, embedder) as searcher:
        assert searcher.is_ready
        assert await searcher.search("gates", 4) == []


async def test_all_processes_see_a_change(
    store: SourceStore, database_url: str, embedder: TextEmbedder
) -> None:
    other = Database(database_url)
    async with (
        started(store, embedder) as here,
        started(SourceStore(other), embedder) as there,
    ):
        await put(store, embedder, "a.md", "Gates hold water.")
        await until(lambda: here.num_passages == there.num_passages == 1)
        await put(SourceStore(other), embedder, "a.md", "Gates leak.", "Mills grind.")
        await until(lambda: here.num_passages == there.num_passages == 2)
        assert (await here.search("gates", 1))[0].text == "Gates leak."
        await store.remove("a.md")
        await until(lambda: here.num_passages == there.num_passages == 0)
    await other.close()


async def test_a_missed_notification_is_made_up_for(
    store: SourceStore, embedder: TextEmbedder
) -> None:
    async with started(store, embedder, OFTEN_S) as searcher:
        searcher._running[0].cancel()  # it hears nothing any more
        await put(store, embedder, "a.md", "Gates hold water.")
        await until(lambda: searcher.num_passages == 1)


@asynccontextmanager
async def outage(postgres_url: str, database_url: str) -> AsyncGenerator[None]:
    """Throw everybody out of a database, and let nobody in."""
    name = urlsplit(database_url).path.lstrip("/")
    await run_sql(
        postgres_url,
        f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false',
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608 - the fixture chose the name
    )
    yield
    await run_sql(postgres_url, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


async def test_the_last_index_serves_while_postgres_is_down(
    store: SourceStore, embedder: TextEmbedder, postgres_url: str, database_url: str
) -> None:
    await put(store, embedder, "a.md", "Gates hold water.")
    async with started(store, embedder, OFTEN_S) as searcher:
        async with outage(postgres_url, database_url):
            with pytest.raises(Unavailable):
                await searcher.refresh()
            assert (await searcher.search("gates", 1))[0].text == "Gates hold water."
        await put(store, embedder, "b.md", "Mills grind.")
        await until(lambda: searcher.num_passages == 2)


async def test_without_an_index_nothing_is_said(
    store: SourceStore, embedder: TextEmbedder, postgres_url: str, database_url: str
) -> None:
    await put(store, embedder, "a.md", "Gates hold water.")
    async with outage(postgres_url, database_url):
        searcher = Searcher(store, embedder, OFTEN_S)
        await searcher.start()
        assert not searcher.is_ready
        with pytest.raises(Unavailable, match="not loaded"):
            await searcher.search("gates", 1)
    await until(lambda: searcher.is_ready)
    assert await searcher.search("gates", 1)
    await searcher.close()


async def test_passages_of_another_embedder_are_found_by_their_words(
    store: SourceStore, embedder: TextEmbedder, newer_embedder: TextEmbedder
) -> None:
    await put(store, newer_embedder, "a.md", "Gates hold water.", "Mills grind.")
    async with started(store, embedder) as searcher:
        assert [p.text for p in await searcher.search("the mills", 4)] == ["Mills grind."]
        assert await searcher.search("something else", 4) == []


async def test_large_indexes_are_searched_off_the_loop(
    store: SourceStore, embedder: TextEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searcher_module, "_INLINE_PASSAGES", 1)
    await put(store, embedder, "a.md", "Gates hold water.", "Mills grind.")
    async with started(store, embedder) as searcher:
        assert (await searcher.search("the mills", 1))[0].text == "Mills grind."
