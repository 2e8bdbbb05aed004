from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.engine import ChatMessage, Prompt
from app.errors import BundleError
from app.settings import Settings
from app.startup.memory import settle
from app.startup.models import FilterResources, open_models
from filters import Passage
from tests.bundles import write_classifier, write_decoder, write_embedder, write_reader
from tests.gates import Death, until

TEXTS = ["What do gates hold?", "Gates hold water."]


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    write_embedder(tmp_path, texts=TEXTS)
    write_reader(tmp_path, texts=TEXTS, max_tokens=128)
    write_decoder(tmp_path, [b"One."], name="recital", version="1")
    write_decoder(tmp_path, [b"Two."], name="recital", version="2")
    write_classifier(tmp_path, {"toxic": ["evil"]})
    return tmp_path


def settings(models_dir: Path) -> Settings:
    return Settings(models_dir=models_dir)


async def same(reference: str) -> str:
    return reference


async def test_an_engine_is_opened_and_reached_only_when_it_is_put(models_dir: Path) -> None:
    async with open_models(settings(models_dir), same) as models:
        engine = await models.engine("recital")
        assert (engine.name, engine.version) == ("recital", "2")
        assert models.references == ["encoder@1"]

        models.engines.put("recital@2", engine)
        assert await models.engine("recital@2") is engine
        assert models.is_alive
        assert models.queues() == {"encoder@1": 0, "recital@2": 0}
    assert not engine.is_alive
    assert not models.is_alive


async def test_a_dead_thread_shows_for_good(models_dir: Path) -> None:
    async with open_models(settings(models_dir), same) as models:
        assert models.has_threads
        models._workers.submit(Death())
        await until(lambda: not models.has_threads)
        assert not models.is_alive


async def test_only_language_models_tell_of_their_completions(models_dir: Path) -> None:
    async with open_models(settings(models_dir), same) as models:
        engine = await models.engine("recital")
        models.engines.put("recital@2", engine)
        async for _ in engine.stream(Prompt((ChatMessage("user", "Say it."),))):
            pass
        assert models.running() == {"recital@2": 0}
        assert models.kv_bytes().keys() == {"recital@2"}


async def test_an_alias_chooses_the_version(models_dir: Path) -> None:
    async def resolve(reference: str) -> str:
        return "recital@1" if reference == "recital" else reference

    async with open_models(settings(models_dir), resolve) as models:
        engine = await models.engine("recital")
        assert engine.version == "1"
        await engine.close()


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
        assert models.references == ["encoder@1", "toxicity@1"]


async def test_a_filters_model_stays_as_long_as_a_filter_has_it(models_dir: Path) -> None:
    async with open_models(settings(models_dir), same) as models:
        resources = FilterResources(models, None)  # type: ignore[arg-type]  # nobody searches
        read_otherwise = await resources.classifier("toxicity@1", "softmax")
        again = await resources.classifier("toxicity@1")
        assert again.read_from is None
        assert read_otherwise.read_from is again

        del again
        settle()
        assert models.references == ["encoder@1", "toxicity@1"]
        del read_otherwise
        settle()
        assert models.references == ["encoder@1"]


@pytest.mark.parametrize("reference", ["missing", "encoder", "recital@9", "No such name"])
async def test_a_bundle_that_does_not_fit_is_refused(models_dir: Path, reference: str) -> None:
    async with open_models(settings(models_dir), same) as models:
        with pytest.raises(BundleError):
            await models.engine(reference)


async def test_an_encoder_that_is_none_stops_the_start(models_dir: Path) -> None:
    with pytest.raises(BundleError):
        async with open_models(Settings(models_dir=models_dir, encoder="answer"), same):
            pass
