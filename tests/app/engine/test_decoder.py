"""A causal language model graph and its cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from app.bundles import load_bundle
from app.bundles.manifest import TextGeneration
from app.engine.decoder import Decoder
from app.errors import BundleError, ModelOutputInvalid
from app.runtime import Graph, Interrupt, Interrupted, open_graph
from app.settings.model import RuntimeSettings
from tests.bundles import reseal, write_decoder

TOKENS = [5, 80, 3, 17, 200, 42, 9, 60, 61, 7]


def open_decoder(models_dir: Path, graph: Graph | None = None) -> Decoder:
    bundle = load_bundle(models_dir, "writer")
    model = bundle.manifest.model
    assert isinstance(model, TextGeneration)
    return Decoder(bundle, model, graph or open_graph(bundle, RuntimeSettings(provider="cpu")))


@pytest.mark.parametrize("cuts", [(1,) * 10, (10,), (4, 6), (1, 8, 1), (9, 1)])
def test_steps_with_the_cache_give_what_reading_everything_gives(
    tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    write_decoder(tmp_path)
    decoder = open_decoder(tmp_path)
    expected, _ = decoder.step(TOKENS, decoder.begin())

    cache, at = decoder.begin(), 0
    for size in cuts:
        logits, cache = decoder.step(TOKENS[at : at + size], cache)
        at += size

    np.testing.assert_allclose(logits, expected, atol=1e-3)
    assert cache["past_key_values.1.value"].shape[2] == len(TOKENS)


def test_the_past_matters(tmp_path: Path) -> None:
    write_decoder(tmp_path)
    decoder = open_decoder(tmp_path)

    alone, _ = decoder.step(TOKENS[-1:], decoder.begin())
    after, _ = decoder.step(TOKENS, decoder.begin())

    assert np.abs(alone - after).max() > 0.1


def test_a_cache_is_not_changed_by_the_step_that_reads_it(tmp_path: Path) -> None:
    write_decoder(tmp_path)
    decoder = open_decoder(tmp_path)
    _, cache = decoder.step(TOKENS, decoder.begin())

    first, _ = decoder.step([1], cache)
    again, _ = decoder.step([1], cache)

    np.testing.assert_array_equal(first, again)


def test_an_interrupted_step_ends(tmp_path: Path) -> None:
    write_decoder(tmp_path)
    decoder, interrupt = open_decoder(tmp_path), Interrupt()
    interrupt.set()

    with pytest.raises(Interrupted):
        decoder.step(TOKENS, decoder.begin(), interrupt)


def test_a_manifest_with_more_layers_than_the_graph_is_refused(tmp_path: Path) -> None:
    folder = write_decoder(tmp_path)
    model = load_bundle(tmp_path, "writer").manifest.model
    reseal(folder, model=model.model_copy(update={"layers": 3}))

    with pytest.raises(BundleError, match=r"lacks or does not know past_key_values\.2\.key"):
        open_decoder(tmp_path)


def test_an_unknown_input_is_refused(tmp_path: Path) -> None:
    folder = write_decoder(tmp_path)
    model = onnx.load(folder / "model.onnx")
    model.graph.input.append(onnx.helper.make_tensor_value_info("odd", 1, [1]))
    model.graph.node.append(onnx.helper.make_node("Identity", ["odd"], ["unused"]))
    onnx.save(model, folder / "model.onnx")
    manifest = load_manifest(tmp_path, folder)
    odd = manifest.inputs[0].model_copy(update={"name": "odd", "dtype": "float32", "shape": (1,)})
    reseal(folder, inputs=(*manifest.inputs, odd))

    with pytest.raises(BundleError, match="lacks or does not know odd"):
        open_decoder(tmp_path)


def load_manifest(models_dir: Path, folder: Path):  # type: ignore[no-untyped-def]
    reseal(folder)
    return load_bundle(models_dir, "writer").manifest


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_invalid(tmp_path: Path, bad: float) -> None:
    folder = write_decoder(tmp_path)
    model = onnx.load(folder / "model.onnx")
    model.graph.node[-1].output[0] = "good"
    model.graph.node.append(onnx.helper.make_node("Mul", ["good", "bad"], ["logits"]))
    model.graph.initializer.append(
        onnx.numpy_helper.from_array(np.array(bad, dtype=np.float32), "bad")
    )
    onnx.save(model, folder / "model.onnx")
    reseal(folder)
    decoder = open_decoder(tmp_path)

    with pytest.raises(ModelOutputInvalid):
        decoder.step(TOKENS, decoder.begin())


def test_a_cache_that_does_not_grow_is_invalid(tmp_path: Path) -> None:
    folder = write_decoder(tmp_path)
    model = onnx.load(folder / "model.onnx")
    for node in model.graph.node:
        if node.output[0] == "present.0.key":
            node.output[0] = "grown"
        for place, name in enumerate(node.input):
            if name == "present.0.key":
                node.input[place] = "grown"
    model.graph.node.append(
        onnx.helper.make_node("Identity", ["past_key_values.0.key"], ["present.0.key"])
    )
    onnx.save(model, folder / "model.onnx")
    reseal(folder)
    decoder = open_decoder(tmp_path)

    with pytest.raises(ModelOutputInvalid):
        decoder.step(TOKENS, decoder.begin())
