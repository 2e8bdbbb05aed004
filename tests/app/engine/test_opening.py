"""The engine that a bundle's task asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bundles import load_bundle
from app.engine.answerer import Answerer
from app.engine.classifier import LabelEngine
from app.engine.generation.generator import Generator
from app.engine.opening import open_engine
from app.errors import BundleError
from app.runtime import Workers
from tests.bundles import write_classifier, write_decoder, write_embedder, write_reader
from tests.encoders import CPU
from tests.engines import Open, ask, collect


async def test_each_task_has_its_engine(tmp_path: Path, open_it: Open) -> None:
    write_reader(tmp_path)
    write_classifier(tmp_path, {"insult": ["idiot"]})
    write_decoder(tmp_path, [b"Hello."])

    assert isinstance(await open_it("answer"), Answerer)
    assert isinstance(await open_it("toxicity"), LabelEngine)
    assert isinstance(await open_it("writer"), Generator)


async def test_an_embedder_is_no_engine(tmp_path: Path, open_it: Open) -> None:
    write_embedder(tmp_path)

    with pytest.raises(BundleError, match=r"encoder@1 is for feature-extraction: no engine"):
        await open_it("encoder")


async def test_engines_share_threads_and_closing_one_leaves_them_to_the_other(
    tmp_path: Path,
) -> None:
    write_reader(tmp_path)
    write_classifier(tmp_path, {"insult": ["idiot"]})
    workers = Workers(1)
    answer = await open_engine(load_bundle(tmp_path, "answer"), CPU, None, workers)
    labels = await open_engine(load_bundle(tmp_path, "toxicity"), CPU, None, workers)

    await answer.close()

    assert labels.is_alive
    assert (await collect(labels, ask("idiot")))[0].text == "insult"
    workers.close()
    assert not labels.is_alive
