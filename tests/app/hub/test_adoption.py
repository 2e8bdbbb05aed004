"""From a foreign model to a bundle that the server opens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from app.bundles import list_bundles, load_bundle, read_manifest
from app.bundles.manifest import TextClassification, TextGeneration
from app.engine import ChatMessage, Prompt, SamplingParameters
from app.engine.opening import open_engine
from app.errors import BundleError, HubError
from app.hub import Hub, Origin, adopt, open_folder
from app.hub.adoption import Choice, bundle_name
from app.hub.variants import choose, find_variants
from app.settings import RuntimeSettings
from tests.app.hub.conftest import REPOSITORY
from tests.engines import collect
from tests.foreign import write_foreign_classifier, write_language_model
from tests.hub import LocalHub

RUNTIME = RuntimeSettings(provider="cpu", threads=1)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def take(origin: Origin, models: Path, **choice: Any) -> str:
    variant = choose(find_variants(origin.files), "cpu")
    return adopt(origin, Choice(variant, **choice), models, RUNTIME)


async def answer(models: Path, reference: str, *passages: str) -> str:
    engine = await open_engine(load_bundle(models, reference), RUNTIME, None)
    prompt = Prompt((ChatMessage("user", "Where?"),), passages, SamplingParameters(max_tokens=9))
    try:
        return "".join([delta.text async for delta in engine.stream(prompt)])
    finally:
        await engine.close()


async def test_a_pulled_model_is_a_bundle_that_answers(
    hub: Hub, local_hub: LocalHub, models: Path
) -> None:
    repository = hub.repository(REPOSITORY)
    reference = await asyncio.to_thread(take, repository, models)

    assert reference == "tiny_model@1"
    assert await answer(models, reference) == "It is Paris."
    manifest = load_bundle(models, reference).manifest
    assert isinstance(manifest.model, TextGeneration)
    assert (manifest.licence, manifest.max_tokens) == ("apache-2.0", 64)
    assert manifest.source == repository.source("onnx/model.onnx")
    assert {canary.expected_text for canary in manifest.canaries} == {"It is Paris."}
    assert set(manifest.files) == {"model.onnx", "model.onnx_data", "tokenizer.json", "README.md"}
    card = (models / "tiny_model" / "1" / "README.md").read_text()
    assert local_hub.shelves[REPOSITORY].sha in card
    assert "apache-2.0" in card
    assert not repository.folder.exists()
    assert [entry.name for entry in list_bundles(models)] == ["tiny_model"]


def test_the_same_files_are_not_brought_in_twice(hub: Hub, models: Path) -> None:
    first = take(hub.repository(REPOSITORY), models)
    again = take(hub.repository(REPOSITORY, "v1"), models)
    other = take(hub.repository(REPOSITORY), models, name="other")

    assert (first, again, other) == ("tiny_model@1", "tiny_model@1", "other@1")


def test_versions_count_up_or_are_chosen(tmp_path: Path, models: Path) -> None:
    folder = open_folder(write_language_model(tmp_path / "Some Model"))

    assert take(folder, models) == "some-model@1"
    assert take(folder, models) == "some-model@2"
    assert take(folder, models, version="2026.1") == "some-model@2026.1"
    with pytest.raises(BundleError, match="exists already"):
        take(folder, models, version="2")
    with pytest.raises(BundleError, match="lower-case"):
        take(folder, models, version="../2")


async def test_passages_reach_a_model_whose_template_knows_none(
    tmp_path: Path, models: Path
) -> None:
    folder = open_folder(write_language_model(tmp_path / "m"))
    reference = await asyncio.to_thread(take, folder, models)
    engine = await open_engine(load_bundle(models, reference), RUNTIME, None)
    question = (ChatMessage("user", "Q"),)
    try:
        alone = (await collect(engine, Prompt(question)))[-1].prompt_tokens
        more = (await collect(engine, Prompt(question, ("Ten chars.",))))[-1].prompt_tokens
    finally:
        await engine.close()
    assert more > alone + 10


def test_a_classifier_is_recognised(tmp_path: Path, models: Path) -> None:
    folder = open_folder(write_foreign_classifier(tmp_path / "rude"))
    reference = take(folder, models)

    manifest = load_bundle(models, reference).manifest
    assert isinstance(manifest.model, TextClassification)
    assert (manifest.model.labels, manifest.model.activation) == (("rude", "fine"), "softmax")
    assert manifest.max_tokens == 48
    assert (manifest.licence, manifest.source) == ("unknown", None)
    assert all(sum(canary.expected) == pytest.approx(1) for canary in manifest.canaries)


@pytest.mark.parametrize(
    ("config", "activation"),
    [
        ({"problem_type": "multi_label_classification"}, "sigmoid"),
        ({"problem_type": "single_label_classification"}, "softmax"),
    ],
)
def test_how_labels_are_decided(
    tmp_path: Path, models: Path, config: dict[str, Any], activation: str
) -> None:
    folder = open_folder(write_foreign_classifier(tmp_path / "rude", **config))

    model = read_manifest(models.joinpath(*take(folder, models).split("@"))).model
    assert isinstance(model, TextClassification)
    assert model.activation == activation


def edit(file: Path, **changes: Any) -> None:
    value = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({key: item for key, item in value.items() if item is not None}))


def rename_output(folder: Path) -> None:
    file = folder / "onnx" / "model.onnx"
    model = onnx.load(file)
    for node in model.graph.node:
        node.output[:] = ["hidden" if name == "logits" else name for name in node.output]
    model.graph.output[0].name = "hidden"
    onnx.save(model, file)


def break_template(folder: Path) -> None:
    edit(folder / "tokenizer_config.json", chat_template="{% if %}")


def forget_ends(folder: Path) -> None:
    edit(folder / "config.json", eos_token_id=None)
    edit(folder / "tokenizer_config.json", eos_token=None)


def lead_out(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder.parent / "t.json")
    (folder / "tokenizer.json").symlink_to(folder.parent / "t.json")


BREAKS: dict[str, Callable[[Path], object]] = {
    "no tokenizer.json": lambda f: (f / "tokenizer.json").unlink(),
    "tokenizer.json cannot be read": lambda f: (f / "tokenizer.json").write_text("{}"),
    "config.json is not valid JSON": lambda f: (f / "config.json").write_text("{"),
    "config.json is not a JSON object": lambda f: (f / "config.json").write_text("[]"),
    "not valid Jinja": break_template,
    "no output `logits`": rename_output,
    "not a readable ONNX file": lambda f: (f / "onnx" / "model.onnx").write_bytes(b"PK"),
    "which token ends": forget_ends,
    "leads out of": lead_out,
}


@pytest.mark.parametrize("told", BREAKS)
def test_what_cannot_be_served_is_told_and_leaves_nothing_behind(
    tmp_path: Path, models: Path, told: str
) -> None:
    folder = write_language_model(tmp_path / "m")
    BREAKS[told](folder)

    with pytest.raises(BundleError, match=told):
        take(open_folder(folder), models)
    assert not models.exists() or list(models.iterdir()) == []


def test_weights_that_are_not_there_are_named(tmp_path: Path, models: Path) -> None:
    folder = write_language_model(tmp_path / "m", weights="model.onnx_data")
    (folder / "onnx" / "model.onnx_data").unlink()

    with pytest.raises(BundleError, match=r"'model.onnx_data', which is not there"):
        take(open_folder(folder), models)


def test_a_graph_that_reaches_elsewhere_is_refused(tmp_path: Path, models: Path) -> None:
    folder = write_language_model(tmp_path / "m", weights="model.onnx_data")
    file = folder / "onnx" / "model.onnx"
    file.write_bytes(file.read_bytes().replace(b"model.onnx_data", b"../../etc/shado"))

    with pytest.raises(BundleError, match="not beside it"):
        take(open_folder(folder), models)


def test_a_snapshot_of_a_cache_is_a_folder_too(tmp_path: Path, models: Path) -> None:
    cache = tmp_path / "models--maker--m"
    (cache / "blobs").mkdir(parents=True)
    snapshot = write_language_model(cache / "snapshots" / "abc")
    for number, file in enumerate(sorted(p for p in snapshot.rglob("*") if p.is_file())):
        blob = cache / "blobs" / str(number)
        file.rename(blob)
        file.symlink_to(blob)

    assert take(open_folder(snapshot), models, name="m") == "m@1"
    assert not (models / "m" / "1" / "model.onnx").is_symlink()


def test_a_wrong_digest_makes_no_bundle(hub: Hub, local_hub: LocalHub, models: Path) -> None:
    local_hub.forged["tokenizer.json"] = b"{}"

    with pytest.raises(HubError):
        take(hub.repository(REPOSITORY), models)
    assert list(models.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("onnx-community/Qwen3-0.6B-ONNX", "qwen3-0.6b-onnx"),
        ("Some_Org/Model (final)", "model-final"),
        ("__", "model"),
        ("ünïcode", "n-code"),
    ],
)
def test_names_of_bundles(name: str, expected: str) -> None:
    assert bundle_name(name) == expected


def test_the_licence_of_a_card_in_the_folder_is_taken(tmp_path: Path, models: Path) -> None:
    folder = write_language_model(tmp_path / "m")
    (folder / "README.md").write_text("---\ntags: [x]\nlicense: mit\n---\n# M\nlicense: no\n")
    (folder / "LICENSE").write_text("MIT")

    manifest = load_bundle(models, take(open_folder(folder), models)).manifest
    assert manifest.licence == "mit"
    assert "LICENSE" in manifest.files


def test_the_longest_input_can_be_cut(tmp_path: Path, models: Path) -> None:
    folder = open_folder(write_language_model(tmp_path / "m"))

    reference = take(folder, models, max_tokens=40)
    assert load_bundle(models, reference).manifest.max_tokens == 40
