"""Filters get completions of the served language models."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bundles import load_bundle
from app.engine.opening import open_engine
from app.engine.served import ServedEngines
from app.errors import FilterError, ModelNotFound
from app.settings import RuntimeSettings, Settings
from app.startup.models import FilterResources, open_models
from app.startup.sampling import SamplingModel
from filters import Passage
from tests.bundles import write_classifier, write_decoder, write_embedder

CPU = RuntimeSettings(provider="cpu", threads=1)
HOW = {"temperature": 0.8, "max_tokens": 16, "seed": 1}


async def test_a_sample_is_a_completion_with_its_certainty(tmp_path: Path) -> None:
    write_decoder(tmp_path, [b"It is", b" Paris."], name="sure")
    write_decoder(tmp_path, name="babble")
    engines = {
        name: await open_engine(load_bundle(tmp_path, name), CPU, None)
        for name in ("sure", "babble")
    }
    served = ServedEngines.of(engines)
    sure, babble = SamplingModel(served, "sure"), SamplingModel(served, "babble")
    try:
        said = await sure.sample("Where?", ["A passage."], **HOW)  # type: ignore[arg-type]
        noise = await babble.sample("Where?", [], **HOW)  # type: ignore[arg-type]
        again = await babble.sample("Where?", [], **HOW)  # type: ignore[arg-type]
        other = await babble.sample("Where?", [], **{**HOW, "seed": 2})  # type: ignore[arg-type]

        assert said.text == "It is Paris."
        assert said.certainty > 0.9 > noise.certainty > 0
        assert noise == again != other
        assert served.num_leases(engines["sure"]) == 0
        served.drop("sure")
        with pytest.raises(ModelNotFound):
            await sure.sample("Where?", [], **HOW)  # type: ignore[arg-type]
    finally:
        for engine in engines.values():
            await engine.close()


class Nothing:
    async def search(self, query: str, limit: int) -> list[Passage]:
        return []


async def same(reference: str) -> str:
    return reference


async def test_only_what_writes_texts_can_be_asked(tmp_path: Path) -> None:
    write_embedder(tmp_path)
    write_classifier(tmp_path, {"bad": ["evil"]}, name="labels")
    write_decoder(tmp_path, [b"One."], name="writer")
    async with open_models(Settings(models_dir=tmp_path, model="writer"), same) as models:
        resources = FilterResources(models, Nothing())
        for name in ("labels", "writer"):
            models.engines.put(name, await models.engine(name))

        assert (await (await resources.generator()).sample("Q", [], **HOW)).text == "One."  # type: ignore[arg-type]
        with pytest.raises(FilterError, match="text-classification, it writes no samples"):
            await resources.generator("labels")
        with pytest.raises(FilterError, match="no model 'other' is served"):
            await resources.generator("other")
