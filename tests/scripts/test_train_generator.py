"""The tiny language model: trained, exported and asked within seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bundles import load_bundle
from app.engine import ChatMessage, Prompt, SamplingParameters
from app.engine.opening import open_engine
from app.settings.model import RuntimeSettings
from scripts import train_generator
from scripts.corpus.made.talk import conversations

pytestmark = [pytest.mark.train, pytest.mark.slow]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    train_generator.main(["--models", str(folder)])
    return folder


async def test_it_says_through_the_engine_what_it_was_taught(models: Path) -> None:
    bundle = load_bundle(models, "tiny")
    engine = await open_engine(bundle, RuntimeSettings(provider="cpu", threads=1), None)
    right = 0
    for question, answer in conversations():
        prompt = Prompt((ChatMessage("user", question),), (), SamplingParameters(max_tokens=40))
        pieces = [piece async for piece in engine.stream(prompt)]
        right += "".join(piece.text for piece in pieces) == answer
        assert pieces[-1].finish_reason in ("stop", "length")
    await engine.close()

    assert right >= 0.9 * len(conversations())


def test_it_is_small(models: Path) -> None:
    files = load_bundle(models, "tiny").manifest.files

    assert sum(file.bytes for file in files.values()) < 1_000_000
