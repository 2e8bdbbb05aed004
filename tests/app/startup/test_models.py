from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.engine import ChatMessage, Prompt
from app.errors import BundleError
from app.settings import Settings
from app.startup.models import FilterResources, LoadedModels, open_models
from filters import Passage
from tests.bundles import write_classifier, write_decoder, write_embedder, write_reader

TEXTS = ["What do gates hold?", "Gates hold water."]


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    write_embedder(tmp_path, texts=TEXTS)
    write_reader(tmp_path, texts=TEXTS, max_tokens=128)
    write_decoder(tmp_path, [b"One."], name="recital", version="1")
    write_decoder(tmp_path, [b"Two."], name="recital", version="2")
    write_classifier(tmp_path, {"toxic": ["evil"]})
    return tmp_path


def settings(models_dir: Path, *models: str, model: str = "answer") -> Settings:
    return Settings(models_dir=models_dir, model=model, models=models)


async def same(reference: str) -> str:
    return reference


async def recite(models: LoadedModels, name: str) -> str:
    prompt = Prompt((ChatMessage("user", "begin"),))
    return "".join([delta.text async for delta in models.engines[name].stream(prompt)])


async def test_engines_are_found_by_name_and_by_version(models_dir: Path) -> None:
    async with open_models(settings(models_dir, "recital@1", "recital@2"), same) as models:
        assert models.engines.keys() == {
            *("answer", "answer@1", "recital", "recital@1", "recital@2")
        }
        assert models.engines["recital"] is models.engines["recital@1"]
        assert (await recite(models, "recital@1"), await recite(models, "recital@2")) == (
            "One.",
            "Two.",
        )
        assert models.is_alive
        assert models.queues() == {"encoder@1": 0, "answer@1": 0, "recital@1": 0, "recital@2": 0}
    assert not models.is_alive


async def test_an_alias_chooses_the_version(models_dir: Path) -> None:
    async def resolve(reference: str) -> str:
        return "recital@1" if reference == "recital" else reference

    async with open_models(settings(models_dir, model="recital"), resolve) as models:
        assert await recite(models, "recital") == "One."
    async with open_models(settings(models_dir, model="recital"), same) as models:
        assert await recite(models, "recital") == "Two."


async def test_filters_share_what_is_loaded_once(models_dir: Path) -> None:
    class Nothing:
        async def search(self, query: str, limit: int) -> list[Passage]:
            return []

    async with open_models(settings(models_dir), same) as models:
        resources = FilterResources(models, Nothing())
        first, second = await asyncio.gather(
            resources.classifier("toxicity@1"), resources.classifier("toxicity@1")
        )
        scores = await first.scores(["an evil word"])
        assert first is second
        assert scores[0][0] > 0.9
        assert await resources.embedder() is models.embedder
        assert isinstance(await resources.retriever(), Nothing)
        assert models.references == ["encoder@1", "answer@1", "toxicity@1"]


@pytest.mark.parametrize(
    ("model", "models"), [("missing", ()), ("encoder", ()), ("answer", ("recital@9",))]
)
async def test_a_bundle_that_does_not_fit_stops_the_start(
    models_dir: Path, model: str, models: tuple[str, ...]
) -> None:
    with pytest.raises(BundleError):
        async with open_models(settings(models_dir, *models, model=model), same):
            pass
