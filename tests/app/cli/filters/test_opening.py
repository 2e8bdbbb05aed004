"""Outside of a server, filters get the models and the sources that a server would give them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.app.cli.filters.conftest import Bring
from tests.bundles import write_classifier, write_decoder, write_embedder
from tests.commands import succeed

LABELLING = '''
from filters import Filter, Finding

class Labelling(Filter):
    """Tells the first label of its model."""

    async def setup(self, resources):
        self.label = (await resources.classifier("sorter")).labels[0]

    async def check(self, item):
        return Finding(1.0, self.label)
'''


@pytest.fixture
def _models(empty_folder: Path, bring: Bring) -> None:
    for version, label in (("1", "old"), ("2", "new")):
        write_classifier(empty_folder / "models", {label: ["bad"]}, name="sorter", version=version)
    write_embedder(empty_folder / "models", version="1")
    bring("labelling", LABELLING)


def label() -> str:
    return str(json.loads(succeed("filters", "try", "labelling", "a text", "--json"))["label"])


@pytest.mark.usefixtures("_models")
def test_without_a_database_the_newest_model_is_meant(empty_folder: Path) -> None:
    assert label() == "new"
    assert not (empty_folder / "var").exists()


@pytest.mark.usefixtures("_models")
def test_the_model_in_production_is_meant(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", database_url)
    assert label() == "new"

    succeed("models", "use", "sorter@1")
    assert label() == "old"


@pytest.mark.usefixtures("_models")
def test_the_indexed_sources_are_searched(
    database_url: str, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", database_url)
    (empty_folder / "gates.md").write_text("# Gates\n\nGates hold water.")
    succeed("sources", "add", "gates.md")

    found = json.loads(succeed("filters", "try", "retrieval", "What do gates hold?", "--json"))

    assert [one["source"] for one in found["passages"]] == ["gates.md"]
    assert "Gates hold water." in succeed("filters", "try", "retrieval", "What do gates hold?")


def test_a_language_model_is_opened_to_be_asked_again(empty_folder: Path) -> None:
    models, said = empty_folder / "models", "Gates hold the water of the lake."
    others = [f"Bread number {n} rises when yeast eats sugar." for n in range(40)]
    write_embedder(models, texts=(said, *others))
    write_decoder(models, [b"Gates hold ", b"the water ", b"of the lake."], name="sure")
    asked = {"question": "What do gates hold?"}
    sure = [{"text": said, "bad": n == 0, **asked} for n in range(40)]
    made_up = [{"text": text, "bad": n > 0, **asked} for n, text in enumerate(others)]
    rows = "\n".join(json.dumps(row) for row in [*sure, *made_up])
    (empty_folder / "rows.jsonl").write_text(rows, encoding="utf-8")

    options = ("--id", "self_consistency", "-o", "model=sure", "-o", "max_tokens=16", "--json")
    [found] = json.loads(succeed("filters", "eval", "rows.jsonl", *options))["filters"]

    assert found["errors"] == {}
    assert found["roc_auc"] > 0.9
    assert found["at_threshold"]["recall"] == 39 / 40
