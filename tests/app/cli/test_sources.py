import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.store.database import Database
from app.store.sources import SourceStore
from tests.bundles import write_embedder
from tests.commands import penstock, succeed


@pytest.fixture(autouse=True)
def _sources(
    database_url: str,
    empty_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = tmp_path_factory.mktemp("models")
    write_embedder(models, version="1")
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", database_url)
    monkeypatch.setenv("PENSTOCK_MODELS_DIR", str(models))
    docs = empty_folder / "docs"
    docs.mkdir()
    (docs / "guide.md").write_text("# Guide\n\nGates hold water.\n\n## Pipes\n\nPipes lead down.")
    (docs / "mill.txt").write_text("Mills grind.")
    (empty_folder / "README.md").write_text("# Penstock\n\nA guarded server.")


def listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(succeed("sources", "list", "--json"))
    return found


@pytest.mark.parametrize("path", ["", " "])
def test_an_empty_path_is_not_the_whole_folder(path: str) -> None:
    succeed("sources", "add", "README.md")

    for command in ("add", "remove"):
        result = penstock("sources", command, path)
        assert result.exit_code == 2
        assert "Name a file or a folder." in result.stderr
    assert uris() == ["README.md"]


def uris() -> list[str]:
    return [source["uri"] for source in listed()]


def test_sources_are_added_listed_and_removed() -> None:
    said = succeed("sources", "add", "docs", "README.md")
    assert said == "3 added; 4 passages indexed\n"
    [readme, guide, mill] = listed()
    assert (readme["uri"], guide["uri"], mill["uri"]) == (
        "README.md",
        "docs/guide.md",
        "docs/mill.txt",
    )
    assert (guide["title"], guide["passages"]) == ("Guide", 2)
    assert guide["embedders"] == ["encoder@1"]
    table = succeed("sources", "list")
    assert "docs/guide.md" in table
    assert "Guide" in table

    assert succeed("sources", "remove", "docs") == "2 removed\n"
    assert uris() == ["README.md"]
    assert succeed("sources", "remove", "./README.md") == "1 removed\n"
    assert "There are no sources" in succeed("sources", "list")


def test_only_what_changed_is_indexed_again() -> None:
    succeed("sources", "add", "docs")
    assert succeed("sources", "add", "docs") == "2 unchanged; 0 passages indexed\n"
    Path("docs/mill.txt").write_text("Mills grind corn.")
    assert succeed("sources", "add", "docs") == "1 updated, 1 unchanged; 1 passages indexed\n"
    assert succeed("sources", "add", "docs", "--reindex") == "2 updated; 3 passages indexed\n"


def test_what_fails_is_named_and_the_rest_is_indexed() -> None:
    Path("docs/broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    result = penstock("sources", "add", "docs", "missing.md")
    assert result.exit_code == 1
    assert result.stdout == "2 added, 2 failed; 3 passages indexed\n"
    assert "docs/broken.pdf: the PDF is damaged" in result.stderr
    assert "missing.md: no such file or directory" in result.stderr


def test_gone_files_are_pruned_on_demand() -> None:
    succeed("sources", "add", ".")
    Path("docs/mill.txt").unlink()
    assert "unchanged" in succeed("sources", "add", ".")
    assert "docs/mill.txt" in uris()
    assert succeed("sources", "add", ".", "--prune") == (
        "2 unchanged, 1 removed; 0 passages indexed\n"
    )
    assert uris() == ["README.md", "docs/guide.md"]


def test_the_settings_name_sources_and_the_root_their_names() -> None:
    Path("penstock.toml").write_text('sources = ["docs/guide.md"]\n')
    succeed("sources", "add")
    succeed("sources", "add", "docs/mill.txt", "--root", "docs")
    assert uris() == ["docs/guide.md", "mill.txt"]


def test_nothing_to_add_or_to_remove_is_told() -> None:
    for arguments, sentence in [
        (("add",), "Name files or folders"),
        (("remove", "docs"), "There is no source docs"),
    ]:
        result = penstock("sources", *arguments)
        assert result.exit_code == 1
        assert sentence in result.stderr


def test_a_new_encoder_embeds_everything_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str
) -> None:
    succeed("sources", "add", ".")
    models = tmp_path / "newer"
    write_embedder(models, version="2", dimension=32)
    monkeypatch.setenv("PENSTOCK_MODELS_DIR", str(models))
    said = succeed("sources", "add", "docs/mill.txt")
    assert "The encoder has changed: embedding 2 more sources again." in said
    assert "1 updated, 2 embedded again" in said
    assert {name for source in listed() for name in source["embedders"]} == {"encoder@2"}

    async def sizes() -> set[int]:
        database = Database(database_url)
        found = {len(p.embedding) async for p in SourceStore(database).passages()}
        await database.close()
        return found

    assert asyncio.run(sizes()) == {64}
