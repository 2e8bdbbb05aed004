"""Models that the settings name by a folder or a repository become bundles, once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from pathlib import Path

import huggingface_hub
import pytest

from app.bundles import list_bundles
from app.errors import BundleError, HubError
from app.settings import HubSettings, Settings
from app.startup.adopting import bundle_of
from app.startup.models import FilterResources, open_models
from filters import Passage
from filters.classifier import Classifier, ClassifierOptions
from filters.pii import Pii, PiiOptions
from filters.token_classifier import TokenClassifier, TokenClassifierOptions
from tests.bundles import write_embedder
from tests.filters.items import found
from tests.foreign import write_foreign_classifier, write_foreign_token_classifier
from tests.hub import LocalHub, Shelf, serving

REPOSITORY = "maker/Rude-Words"
NAMES = "maker/Names"


@pytest.fixture
def local_hub(tmp_path: Path) -> Generator[LocalHub]:
    rude = Shelf(write_foreign_classifier(tmp_path / "shelf"), ("main", "v1"))
    names = Shelf(write_foreign_token_classifier(tmp_path / "shelf of names"))
    with serving(LocalHub(shelves={REPOSITORY: rude, NAMES: names})) as hub:
        yield hub
    huggingface_hub.close_session()


def settings(tmp_path: Path, endpoint: str = "http://127.0.0.1:9") -> Settings:
    hub = HubSettings(endpoint=endpoint)
    return Settings(models_dir=tmp_path / "models", home=tmp_path / "home", hub=hub)


def references(tmp_path: Path) -> list[str]:
    return [f"{entry.name}@{entry.version}" for entry in list_bundles(tmp_path / "models")]


@pytest.mark.parametrize("name", ["toxicity", "toxicity@1", "no such name"])
def test_a_bundles_own_name_is_left_alone(tmp_path: Path, name: str) -> None:
    assert bundle_of(name, settings(tmp_path)) == name


def test_a_folder_becomes_one_bundle(tmp_path: Path) -> None:
    folder = write_foreign_classifier(tmp_path / "Rude Words")

    assert bundle_of(str(folder), settings(tmp_path)) == "rude-words@1"
    assert bundle_of(str(folder), settings(tmp_path)) == "rude-words@1"
    assert references(tmp_path) == ["rude-words@1"]


def test_a_folder_whose_labels_changed_becomes_another_version(tmp_path: Path) -> None:
    folder = write_foreign_classifier(tmp_path / "rude")
    bundle_of(str(folder), settings(tmp_path))
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "bad", "1": "good"}
    (folder / "config.json").write_text(json.dumps(config))

    assert bundle_of(str(folder), settings(tmp_path)) == "rude@2"
    assert references(tmp_path) == ["rude@2", "rude@1"]


def test_a_repository_is_fetched_once(tmp_path: Path, local_hub: LocalHub) -> None:
    first = bundle_of(REPOSITORY, settings(tmp_path, local_hub.url))
    asked = len(local_hub.asked)
    sha = local_hub.shelves[REPOSITORY].sha

    assert first == "rude-words@1"
    assert asked > 0
    away = settings(tmp_path)  # nobody listens at its hub
    assert bundle_of(REPOSITORY, away) == first
    assert bundle_of(f"{REPOSITORY}@{sha}", away) == first
    assert len(local_hub.asked) == asked


def test_what_a_tag_means_only_the_hub_knows(tmp_path: Path, local_hub: LocalHub) -> None:
    there = settings(tmp_path, local_hub.url)
    bundle_of(REPOSITORY, there)

    assert bundle_of(f"{REPOSITORY}@v1", there) == "rude-words@1"
    with pytest.raises(HubError, match="no revision 'v2'"):
        bundle_of(f"{REPOSITORY}@v2", there)
    with pytest.raises(HubError, match=r"could not be fetched|Fetching"):
        bundle_of(f"{REPOSITORY}@v1", settings(tmp_path))


def test_what_is_not_there_stops_the_start(tmp_path: Path, local_hub: LocalHub) -> None:
    there = settings(tmp_path, local_hub.url)
    (tmp_path / "empty").mkdir()

    with pytest.raises(HubError, match="has no repository maker/nothing"):
        bundle_of("maker/nothing", there)
    with pytest.raises(BundleError, match="is not a folder"):
        bundle_of("./nothing", there)
    with pytest.raises(BundleError, match="no ONNX file"):
        bundle_of(str(tmp_path / "empty"), there)


def test_bundles_that_cannot_be_written_are_told_of(tmp_path: Path) -> None:
    folder = write_foreign_classifier(tmp_path / "rude")
    (tmp_path / "models").write_text("a file")

    with pytest.raises(BundleError, match="No bundle can be made of rude in"):
        bundle_of(str(folder), settings(tmp_path))


class Nothing:
    async def search(self, query: str, limit: int) -> list[Passage]:
        return []


async def same(reference: str) -> str:
    return reference


async def test_filters_read_with_foreign_models(tmp_path: Path, local_hub: LocalHub) -> None:
    write_embedder(tmp_path / "models")
    folder = write_foreign_token_classifier(tmp_path / "names")
    rude = Classifier(ClassifierOptions(model=REPOSITORY, labels={"rude": "rude"}))
    names = TokenClassifier(TokenClassifierOptions(model=str(folder), labels={"PER": "person"}))
    async with open_models(settings(tmp_path, local_hub.url), same) as models:
        resources = FilterResources(models, Nothing())
        await asyncio.gather(rude.setup(resources), names.setup(resources))

        assert set(models.references) == {"encoder@1", "rude-words@1", "names@1"}
        rows = await (await resources.classifier(REPOSITORY)).scores(["darn it"])
        assert rows[0].argmax() == 0
        [tokens] = await (await resources.token_classifier("names")).tokens(["Anna"])
        assert tokens.scores[0].argmax() == 1
        assert models.is_alive


async def test_personal_names_are_found_with_a_model_of_the_hub(
    tmp_path: Path, local_hub: LocalHub
) -> None:
    write_embedder(tmp_path / "models")
    judge = Pii(PiiOptions(names=NAMES, name_labels={"PER": "person", "LOC": "place"}))
    async with open_models(settings(tmp_path, local_hub.url), same) as models:
        await judge.setup(FilterResources(models, Nothing()))

        assert set(models.references) == {"encoder@1", "names@1"}
        assert await found(judge, "Anna Smith, anna@example.org, is in Paris.") == [
            ("person", "Anna Smith"),
            ("email", "anna@example.org"),
            ("place", "Paris"),
        ]
