from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from app.errors import Unstorable
from app.store import sources as sources_module
from app.store.database import Database
from app.store.sources import Source, SourceStore, StoredPassage

TIMEOUT_S = 20


@pytest.fixture
def sources(database: Database) -> SourceStore:
    return SourceStore(database)


def a_source(uri: str, title: str = "A title") -> Source:
    return Source(uri, title, "text/markdown", b"digest of " + uri.encode())


def some_passages(uri: str, number: int, embedder: str = "encoder@1") -> list[StoredPassage]:
    return [
        StoredPassage(
            uuid4(), uri, f"Heading {n}\0", n, f"text {n} \ud800", bytes([n % 256]), embedder
        )
        for n in range(number)
    ]


async def stored(sources: SourceStore) -> list[StoredPassage]:
    return [passage async for passage in sources.passages()]


async def test_sources_come_back_in_order(
    sources: SourceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_module, "ROWS_AT_ONCE", 4)
    first, second = some_passages("a.md", 10), some_passages("b.md", 3)
    await sources.replace(a_source("b.md"), second)
    await sources.replace(a_source("a.md", "T\0"), first[::-1])

    assert await stored(sources) == first + second
    [a, b] = await sources.list()
    assert (a.uri, a.title, a.media_type, a.num_passages) == ("a.md", "T\0", "text/markdown", 10)
    assert (b.uri, b.digest, b.embedders) == ("b.md", b"digest of b.md", frozenset({"encoder@1"}))


async def test_a_source_replaces_what_had_its_name(sources: SourceStore) -> None:
    await sources.replace(a_source("a.md"), some_passages("a.md", 5))
    new = some_passages("a.md", 2, "encoder@2")
    await sources.replace(a_source("a.md", "New"), new)

    assert await stored(sources) == new
    [row] = await sources.list()
    assert (row.title, row.num_passages, row.embedders) == ("New", 2, frozenset({"encoder@2"}))


async def test_a_source_may_have_no_passages(sources: SourceStore) -> None:
    await sources.replace(a_source("empty.md"), [])
    [row] = await sources.list()

    assert (row.num_passages, row.embedders) == (0, frozenset())


async def test_a_removed_source_takes_its_passages_along(sources: SourceStore) -> None:
    await sources.replace(a_source("a.md"), some_passages("a.md", 5))
    assert await sources.remove("a.md")
    assert not await sources.remove("a.md")

    assert await stored(sources) == []
    assert await sources.list() == []


async def test_the_version_grows_with_each_change_and_only_then(sources: SourceStore) -> None:
    seen = [await sources.version()]
    await sources.replace(a_source("a.md"), [])
    seen.append(await sources.version())
    await sources.remove("b.md")
    assert await sources.version() == seen[-1]
    await sources.remove("a.md")
    seen.append(await sources.version())

    assert seen == sorted(set(seen))


async def test_a_change_that_fails_leaves_all_as_it_was(sources: SourceStore) -> None:
    passages = some_passages("a.md", 2)
    await sources.replace(a_source("a.md"), passages)
    version = await sources.version()
    unknown = some_passages("nowhere.md", 1)
    with pytest.raises(Unstorable):
        await sources.replace(a_source("a.md", "New"), unknown)
    with pytest.raises(Unstorable):
        await sources.replace(a_source("a\0.md"), [])

    assert await stored(sources) == passages
    assert await sources.version() == version


async def test_replacing_one_source_from_many_places_leaves_one_of_them(
    sources: SourceStore,
) -> None:
    versions = [some_passages("a.md", n + 1) for n in range(6)]
    await asyncio.gather(*(sources.replace(a_source("a.md"), passages) for passages in versions))

    assert await stored(sources) in versions
    assert await sources.version() == 6


async def test_who_listens_hears_of_a_change(sources: SourceStore) -> None:
    heard = sources.listen()
    async with asyncio.timeout(TIMEOUT_S):
        await anext(heard)  # it has begun
        await sources.replace(a_source("a.md"), [])
        await anext(heard)
    await heard.aclose()
