"""The golden check: what loads but computes something else is refused."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from tokenizers import Tokenizer

from app.bundles import load_bundle, read_manifest
from app.bundles.manifest import Canary
from app.encoder import open_classifier, open_embedder
from app.errors import BundleError
from tests.bundles import reseal, write_classifier, write_embedder
from tests.encoders import CPU
from tests.graphs import embedder
from tests.vocabulary import tokenizer, vocabulary

WORDS = {"insult": ["idiot"]}


def open_toxicity(models_dir: Path) -> None:
    opened = open_classifier(load_bundle(models_dir, "toxicity"), CPU)
    asyncio.run(opened.close())


def test_the_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS)
    tokens = vocabulary(["idiot"])
    other = tokenizer([*tokens[:4], *reversed(tokens[4:])])
    other.save(str(folder / "tokenizer.json"))
    reseal(folder)

    with pytest.raises(BundleError, match=r"toxicity@1: golden check failed: canary \d: off by"):
        open_toxicity(tmp_path)


def test_a_tokenizer_with_more_tokens_than_the_graph_has_rows_is_refused(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS)
    larger = tokenizer([*vocabulary(["idiot"]), "surplus"])
    larger.save(str(folder / "tokenizer.json"))
    reseal(folder)

    with pytest.raises(BundleError, match="golden check failed: the graph cannot read token"):
        open_toxicity(tmp_path)


def test_changed_weights_are_refused_although_all_digests_are_right(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS)
    model = onnx.load(folder / "model.onnx")
    hits = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    hits.raw_data = bytes(len(hits.raw_data))
    onnx.save(model, folder / "model.onnx")
    reseal(folder)

    with pytest.raises(BundleError, match=r"golden check failed: canary 1: off by 0.96"):
        open_toxicity(tmp_path)


def test_a_graph_that_returns_nan_is_refused(tmp_path: Path) -> None:
    folder = write_embedder(tmp_path)
    tokens = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    onnx.save(embedder(np.full((tokens, 64), np.nan, np.float32)), folder / "model.onnx")
    reseal(folder)

    with pytest.raises(BundleError, match="golden check failed"):
        open_embedder(load_bundle(tmp_path, "encoder"), CPU)


def test_a_graph_of_another_width_is_refused(tmp_path: Path) -> None:
    folder = write_embedder(tmp_path)
    model = read_manifest(folder).model.model_copy(update={"dimension": 32})
    reseal(folder, model=model)

    with pytest.raises(BundleError, match=r"golden check failed: canary 0: .*invalid result"):
        open_embedder(load_bundle(tmp_path, "encoder"), CPU)


@pytest.mark.parametrize("expected", [(), (0.1,) * 65])
def test_a_canary_that_compares_nothing_is_refused(
    tmp_path: Path, expected: tuple[float, ...]
) -> None:
    folder = write_embedder(tmp_path)
    reseal(folder, canaries=(Canary(text="a", expected=expected),))

    with pytest.raises(BundleError, match=r"golden check failed: canary 0: .* values expected"):
        open_embedder(load_bundle(tmp_path, "encoder"), CPU)


def test_small_differences_are_tolerated_as_far_as_the_manifest_says(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS)
    first, *_ = read_manifest(folder).canaries
    off = first.model_copy(update={"expected": (first.expected[0] + 0.015,)})
    reseal(folder, canaries=(off,))
    open_toxicity(tmp_path)

    reseal(folder, canaries=(off.model_copy(update={"tolerance": 0.01}),))
    with pytest.raises(BundleError, match=r"off by 0\.015, more than 0\.01"):
        open_toxicity(tmp_path)


def test_a_refused_bundle_leaves_no_thread_behind(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS)
    reseal(folder, canaries=(Canary(text="idiot", expected=(0.0,)),))
    before = set(threading.enumerate())

    with pytest.raises(BundleError):
        open_toxicity(tmp_path)

    assert set(threading.enumerate()) == before
