"""Every kind of export that users bring becomes a bundle by itself."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from app.bundles import load_bundle
from app.bundles.manifest import TextGeneration
from app.engine import ChatMessage, Prompt, SamplingParameters
from app.engine.opening import open_engine
from app.hub import adopt, open_folder
from app.hub.adoption import Choice
from app.hub.variants import choose, find_variants
from app.settings import RuntimeSettings
from tests.exports import KINDS, checkpoint, exported

RUNTIME = RuntimeSettings(provider="cpu", threads=1)
SIDE_FILES = ("config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json")

pytestmark = [pytest.mark.train, pytest.mark.slow]


def published(kind: str, folder: Path) -> Path:
    """Lay an export out as its makers publish it."""
    if kind.startswith(("builder", "optimum-built")):
        return shutil.copytree(exported(kind), folder)
    shutil.copytree(exported(kind), folder / "onnx")
    for name in SIDE_FILES:
        shutil.copy(checkpoint() / name, folder)
    return folder


@pytest.mark.parametrize("kind", KINDS)
async def test_an_export_becomes_a_bundle_that_answers(kind: str, tmp_path: Path) -> None:
    origin = open_folder(published(kind, tmp_path / kind))
    choice = Choice(choose(find_variants(origin.files), "cpu"))

    reference = await asyncio.to_thread(adopt, origin, choice, tmp_path / "models", RUNTIME)

    bundle = load_bundle(tmp_path / "models", reference)
    model = bundle.manifest.model
    assert isinstance(model, TextGeneration)
    assert (model.eos_token_ids, bundle.manifest.max_tokens) == ((1,), 256)
    engine = await open_engine(bundle, RUNTIME, None)
    prompt = Prompt((ChatMessage("user", "the gates"),), (), SamplingParameters(max_tokens=4))
    try:
        pieces = [delta async for delta in engine.stream(prompt)]
    finally:
        await engine.close()
    assert pieces[-1].finish_reason in {"stop", "length"}
