"""From a checkpoint folder to bundles that the engine opens: every precision, gates and cards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.bundles import Bundle, load_bundle
from app.bundles.manifest import TextGeneration
from app.engine import ChatMessage, Prompt, SamplingParameters
from app.engine.opening import open_engine
from app.settings import RuntimeSettings
from scripts import export_generator
from scripts.benchmarks import random_models
from scripts.benchmarks.random_models import END, SPECIAL, Shape
from scripts.bundling import company, decoders
from scripts.bundling.decoders import PRECISIONS, NotExported
from scripts.bundling.parity import GateRefused

pytestmark = [pytest.mark.train, pytest.mark.slow]

TINY = Shape("llama", 400, 64, 2, heads=4, kv_heads=2, intermediate=96)
TOKENS = "512"
CPU = RuntimeSettings(provider="cpu", threads=1)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("checkpoints") / "tiny"
    folder.mkdir()
    random_models.write(TINY, folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def models(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("models")
    arguments = [str(checkpoint), "--models", str(folder), "--tokens", TOKENS]
    export_generator.main([*arguments, "--precision", *PRECISIONS])
    return folder


@pytest.fixture(params=[name for name, one in PRECISIONS.items() if not one.is_for_gpu_only])
def bundle(request: pytest.FixtureRequest, models: Path) -> Bundle:
    return load_bundle(models, f"tiny-{request.param}")


async def test_the_engine_opens_it_and_writes(bundle: Bundle) -> None:
    engine = await open_engine(bundle, CPU, None)
    prompt = Prompt((ChatMessage("user", "hi"),), parameters=SamplingParameters(max_tokens=5))
    last = [delta async for delta in engine.stream(prompt)][-1]
    await engine.close()

    assert last.completion_tokens == 5
    assert last.prompt_tokens > 5


def test_its_manifest_says_what_the_checkpoint_says(bundle: Bundle) -> None:
    manifest = bundle.manifest

    assert isinstance(manifest.model, TextGeneration)
    assert manifest.model.eos_token_ids == (SPECIAL.index(END),)
    assert "<|im_start|>" in manifest.model.prompt_template
    assert manifest.licence == "apache-2.0"
    assert manifest.base == "the checkpoint tiny"
    assert manifest.max_tokens == 8_192
    assert any(canary.expected_text is not None for canary in manifest.canaries)
    assert manifest.training["checkpoint_sha256"].startswith("model.safetensors ")


def test_half_precision_of_gpus_is_kept_and_was_compared(models: Path) -> None:
    bundle = load_bundle(models, "tiny-bf16")
    manifest = bundle.manifest
    cache = {tensor.dtype for tensor in manifest.inputs if tensor.name.startswith("past")}

    assert cache == {"bfloat16"}
    assert manifest.quantization == "bf16"
    assert manifest.metrics["perplexity.growth"] <= 1e-4  # the checkpoint itself is in bfloat16
    assert any(canary.expected_text is not None for canary in manifest.canaries)
    of_fp16 = load_bundle(models, "tiny-fp16").manifest.files["model.onnx.data"].bytes
    assert manifest.files["model.onnx.data"].bytes == pytest.approx(of_fp16, rel=0.05)


def test_its_measures_stand_in_manifest_and_card(bundle: Bundle) -> None:
    metrics = bundle.manifest.metrics
    card = bundle.read("README.md").decode()

    assert metrics["held_tokens"] == 510
    assert metrics["perplexity.growth"] <= PRECISIONS[bundle.name.removeprefix("tiny-")].most_growth
    assert f"| perplexity | {metrics['perplexity']:.4g} |" in card
    assert "keys and values of 2 layers" in card
    assert "Licence: apache-2.0" in card
    assert f"--precision {bundle.name.removeprefix('tiny-')}" in card


def test_fewer_bits_take_less_room_and_float32_says_what_torch_says(models: Path) -> None:
    bundles = {name: load_bundle(models, f"tiny-{name}") for name in PRECISIONS}
    sizes = {
        name: sum(f.bytes for f in one.manifest.files.values()) for name, one in bundles.items()
    }

    assert sizes["int4"] < sizes["int8"] < sizes["fp32"] > sizes["fp16"]
    assert bundles["fp32"].manifest.metrics["parity.largest"] < 1e-3
    assert bundles["fp32"].manifest.metrics["parity.agreement"] == 1


def test_a_variant_too_unlike_its_checkpoint_leaves_nothing(
    checkpoint: Path, tmp_path: Path
) -> None:
    arguments = [str(checkpoint), "--models", str(tmp_path), "--tokens", TOKENS]

    with pytest.raises(GateRefused, match="the perplexity grew"):
        export_generator.main([*arguments, "--precision", "fp32", "--most-growth", "-1"])

    assert list(tmp_path.iterdir()) == []


def test_texts_that_depend_on_their_neighbours_are_refused(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter(range(100))

    async def never_the_same(*_: object) -> list[int]:
        return [next(told)]

    monkeypatch.setattr(company, "_written", never_the_same)
    with pytest.raises(GateRefused, match="continued in another way"):
        company.check(load_bundle(models, "tiny-int8"), CPU)


def test_a_model_that_the_builder_does_not_know_is_named(checkpoint: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    strange.mkdir()
    for file in checkpoint.iterdir():
        (strange / file.name).write_bytes(file.read_bytes())
    config = json.loads((strange / "config.json").read_bytes())
    config |= {"architectures": ["GPTBigCodeForCausalLM"], "model_type": "gpt_bigcode"}
    (strange / "config.json").write_text(json.dumps(config), encoding="utf-8")

    with pytest.raises(NotExported, match="the builder did not export"):
        decoders.export(strange, PRECISIONS["fp32"], tmp_path / "out")


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotExported, match=r"has no config\.json"):
        export_generator.main([str(tmp_path)])
