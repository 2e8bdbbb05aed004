from pathlib import Path

import pytest

from app.encoder import TextEmbedder
from app.retrieval.files import find_files
from app.retrieval.ingest import Change, Ingest, Result
from app.retrieval.vectors import NamedEmbedder
from app.store.sources import SourceStore, StoredPassage
from tests.app.retrieval.pdfs import pdf

GUIDE = "# Guide\n\nGates hold water.\n\n## Pipes\n\nPipes lead it down.\n"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "guide.md").write_text(GUIDE)
    (folder / "mill.txt").write_text("Mills grind.")
    return folder


async def add(
    store: SourceStore,
    embedder: NamedEmbedder,
    folder: Path,
    *,
    chunk_chars: int = 900,
    anew: bool = False,
) -> list[Result]:
    async with Ingest(store, embedder, chunk_chars) as ingest:
        files = find_files([folder], folder.parent)
        return [await ingest.add(file, anew=anew) for file in files]


async def passages(store: SourceStore) -> list[StoredPassage]:
    return [passage async for passage in store.passages()]


async def test_files_become_sources_with_passages(
    store: SourceStore, embedder: TextEmbedder, docs: Path
) -> None:
    (docs / "paper.pdf").write_bytes(pdf([["Water falls."]], title="The paper"))
    assert await add(store, embedder, docs) == [
        Result("docs/guide.md", Change.ADDED, 2),
        Result("docs/mill.txt", Change.ADDED, 1),
        Result("docs/paper.pdf", Change.ADDED, 1),
    ]
    rows = await store.list()
    assert [(row.uri, row.title, row.media_type, row.num_passages) for row in rows] == [
        ("docs/guide.md", "Guide", "text/markdown", 2),
        ("docs/mill.txt", "mill", "text/plain", 1),
        ("docs/paper.pdf", "The paper", "application/pdf", 1),
    ]
    found = await passages(store)
    assert [(p.source_uri, p.position, p.title, p.text) for p in found] == [
        ("docs/guide.md", 0, "Guide", "Gates hold water."),
        ("docs/guide.md", 1, "Guide > Pipes", "Pipes lead it down."),
        ("docs/mill.txt", 0, "mill", "Mills grind."),
        ("docs/paper.pdf", 0, "The paper > page 1", "Water falls."),
    ]
    assert {p.embedder for p in found} == {"encoder@1"}
    assert {len(p.embedding) for p in found} == {2 * embedder.dimension}


async def test_only_what_changed_is_replaced(
    store: SourceStore, embedder: TextEmbedder, docs: Path
) -> None:
    await add(store, embedder, docs)
    before, version = await passages(store), await store.version()
    unchanged = [result.change for result in await add(store, embedder, docs)]
    assert unchanged == [Change.UNCHANGED, Change.UNCHANGED]
    assert await store.version() == version

    (docs / "guide.md").write_text(GUIDE.replace("lead it down", "leak"))
    results = await add(store, embedder, docs)
    assert [result.change for result in results] == [Change.UPDATED, Change.UNCHANGED]
    after = await passages(store)
    assert [p.text for p in after] == ["Gates hold water.", "Pipes leak.", "Mills grind."]
    assert [p.id for p in after[::2]] == [p.id for p in before[::2]]
    assert after[1].id != before[1].id


async def test_another_length_or_a_wish_reads_again(
    store: SourceStore, embedder: TextEmbedder, docs: Path
) -> None:
    await add(store, embedder, docs)
    for results in (
        await add(store, embedder, docs, chunk_chars=200),
        await add(store, embedder, docs, chunk_chars=200, anew=True),
    ):
        assert {result.change for result in results} == {Change.UPDATED}


async def test_what_cannot_be_read_is_told_and_changes_nothing(
    store: SourceStore, embedder: TextEmbedder, docs: Path
) -> None:
    await add(store, embedder, docs)
    before = await passages(store)
    (docs / "guide.md").write_bytes(b"\x00\x01")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    results = {result.uri: result for result in await add(store, embedder, docs)}
    assert results["docs/guide.md"].change is Change.FAILED
    assert results["docs/guide.md"].reason == "is a binary file, not text"
    assert "damaged" in results["docs/broken.pdf"].reason
    assert results["docs/mill.txt"].change is Change.UNCHANGED
    assert await passages(store) == before


async def test_a_new_embedder_embeds_again_what_is_named_and_what_is_not(
    store: SourceStore, embedder: TextEmbedder, newer_embedder: TextEmbedder, docs: Path
) -> None:
    await add(store, embedder, docs)
    (docs / "mill.txt").unlink()
    async with Ingest(store, newer_embedder, 900) as ingest:
        assert ingest.foreign == ["docs/guide.md", "docs/mill.txt"]
        [guide] = find_files([docs], docs.parent)
        assert (await ingest.add(guide)).change is Change.UPDATED
        assert ingest.foreign == ["docs/mill.txt"]
        told: list[tuple[int, int]] = []
        await ingest.reembed(lambda done, total: told.append((done, total)))
        assert told == [(1, 1)]
        assert ingest.foreign == []
    found = await passages(store)
    assert [p.text for p in found][-1] == "Mills grind."
    assert {p.embedder for p in found} == {"encoder@2"}
    assert {len(p.embedding) for p in found} == {2 * newer_embedder.dimension}


async def test_pruning_removes_only_what_is_gone_from_the_folder(
    store: SourceStore, embedder: TextEmbedder, docs: Path
) -> None:
    await add(store, embedder, docs)
    other = docs.parent / "other.md"
    other.write_text("Elsewhere.")
    await add(store, embedder, other)
    other.unlink()
    (docs / "mill.txt").unlink()
    async with Ingest(store, embedder, 900) as ingest:
        assert await ingest.prune([docs], docs.parent) == ["docs/mill.txt"]
    assert [row.uri for row in await store.list()] == ["docs/guide.md", "other.md"]


async def test_long_work_tells_how_far_it_is(
    store: SourceStore, embedder: TextEmbedder, tmp_path: Path
) -> None:
    (tmp_path / "long.md").write_text("\n\n".join(f"# Part {n}\n\nText." for n in range(40)))
    told: list[tuple[int, int]] = []
    async with Ingest(store, embedder, 900) as ingest:
        [file] = find_files([tmp_path / "long.md"], tmp_path)
        await ingest.add(file, progress=lambda done, total: told.append((done, total)))
    assert told == [(32, 40), (40, 40)]


async def test_text_that_postgres_could_not_hold_is_kept(
    store: SourceStore, embedder: TextEmbedder, tmp_path: Path
) -> None:
    (tmp_path / "odd.md").write_text("# Odd \U0001f6a7 &#0; heading\n\nA\u202e zero\u200bwidth 水.")
    [result] = await add(store, embedder, tmp_path / "odd.md")
    assert result.change is Change.ADDED
    [passage] = await passages(store)
    assert passage.text == "A\u202e zero\u200bwidth 水."
