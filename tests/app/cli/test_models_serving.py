from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from app.store.aliases import AliasStore
from app.store.database import Database
from app.store.loaded import LoadedModelStore
from tests.bundles import reseal, write_classifier, write_decoder, write_embedder, write_reader
from tests.commands import penstock, succeed


@pytest.fixture
def models(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", database_url)
    folder = Path("models")
    for version in ("1", "2", "3"):
        write_decoder(folder, [b"Yes."], name="writer", version=version)
    reseal(folder / "writer" / "3", canaries=[{"text": "begin", "expected_text": "No."}])
    return folder


def ask(url: str, question: Callable[[Database], Coroutine[Any, Any, Any]]) -> Any:
    async def connected() -> Any:
        database = Database(url, pool_size=1)
        await database.connect()
        try:
            return await question(database)
        finally:
            await database.close()

    return asyncio.run(connected())


def in_production(url: str) -> str | None:
    version: str | None = ask(url, lambda d: AliasStore(d).get("writer", "production"))
    return version


def loaded(url: str) -> list[str]:
    names: list[str] = ask(url, lambda d: LoadedModelStore(d).names())
    return names


@pytest.mark.usefixtures("models")
def test_production_moves_and_goes_back(database_url: str) -> None:
    assert penstock("models", "rollback", "writer").exit_code == 1
    for version in ("1", "2"):
        assert "is in production" in succeed("models", "use", f"writer@{version}")
        assert in_production(database_url) == version
    for version in ("1", "2"):
        assert "in production again" in succeed("models", "rollback", "writer")
        assert in_production(database_url) == version


@pytest.mark.usefixtures("models")
def test_what_does_not_work_never_gets_into_production(database_url: str) -> None:
    for command in ("use", "load"):
        result = penstock("models", command, "writer@3")
        assert result.exit_code == 1
        assert "golden check" in result.stderr
    assert "@VERSION" in penstock("models", "use", "writer").stderr
    assert in_production(database_url) is None
    assert loaded(database_url) == []


def test_models_are_loaded_and_unloaded(models: Path, database_url: str) -> None:
    assert penstock("models", "load", "writer").exit_code == 1  # the newest does not work
    assert "writer@2 is served" in succeed("models", "load", "writer@2")
    assert (loaded(database_url), in_production(database_url)) == (["writer"], "2")
    write_decoder(models, [b"Yes."], name="writer", version="4")
    assert "writer@2 is served" in succeed("models", "load", "writer")

    succeed("models", "unload", "writer")
    assert loaded(database_url) == []
    assert penstock("models", "unload", "writer").exit_code == 1


def test_what_is_used_is_not_removed(models: Path) -> None:
    write_embedder(models)
    write_classifier(models, {"toxic": ["darn"]})
    texts = ["What do gates hold?", "Gates hold water."]
    write_reader(models, texts=texts, version="1")
    write_reader(models, texts=texts, version="2")
    Path("penstock.toml").write_text(
        '[[chain]]\nid = "rude"\nfilter = "toxicity"\nstage = "input"\n', encoding="utf-8"
    )
    for version in ("1", "2", "1"):
        succeed("models", "use", f"writer@{version}")
    refused = {
        "encoder@1": "setting `encoder`",
        "answer@2": "setting `model`",
        "toxicity@1": "filter 'rude'",
        "writer@1": "production version",
        "writer@2": "previous version",
    }
    for bundle, told in refused.items():
        result = penstock("models", "remove", bundle)
        assert result.exit_code == 1, bundle
        assert told in result.stderr

    for bundle in ("answer@1", "writer@3"):
        assert succeed("models", "remove", bundle) == f"{bundle} is removed.\n"
    succeed("models", "remove", "encoder@1", "--force")
    left = {entry["bundle"] for entry in json.loads(succeed("models", "list", "--json"))}
    assert left == {"answer@2", "toxicity@1", "writer@1", "writer@2"}
    assert not (models / "encoder").exists()


@pytest.mark.usefixtures("models")
def test_what_is_loaded_is_not_removed() -> None:
    succeed("models", "load", "writer@1")
    succeed("models", "use", "writer@2")
    succeed("models", "alias", "previous", "writer@2")

    assert succeed("models", "remove", "writer@1")
    assert penstock("models", "remove", "writer@2").exit_code == 1
    for odd in ("writer", "writer@9", "../x@1", "writer@.."):
        assert penstock("models", "remove", odd, "--force").exit_code == 1


@pytest.mark.usefixtures("models")
def test_without_the_database_nothing_is_removed_unless_forced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", "postgresql://127.0.0.1:1/log")

    result = penstock("models", "remove", "writer@1")
    assert result.exit_code == 1
    assert "--force" in result.stderr
    assert succeed("models", "remove", "writer@1", "--force")
