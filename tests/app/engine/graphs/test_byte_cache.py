"""Caches of bytes: which are refused, and what both forms of the attention say and write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from app.engine.graphs import DecoderLayout
from app.engine.graphs.layout import INPUT_IDS, IS_PROMPT, LAST_TOKEN, LOGITS, SEQLENS, TOTAL_LENGTH
from app.engine.graphs.normalise import normalise
from app.errors import BundleError
from app.runtime import Buffer, Graph
from scripts.bundling.kv_cache import keep_in_bytes
from tests.app.engine.graphs.test_normalise import grouped
from tests.normal_graphs import HEAD_DIM, HEADS, LAYOUT, opened

ROOM = 64
TEXT = [3, 1, 4, 1, 5, 9, 2, 6]


def in_bytes() -> onnx.ModelProto:
    model = grouped()
    worth = np.full((1, HEADS, 1, HEAD_DIM), 0.05, np.float32)
    keep_in_bytes(model, dict.fromkeys(LAYOUT.past, worth))
    return model


def attentions(model: onnx.ModelProto) -> list[NodeProto]:
    return [node for node in model.graph.node if node.op_type == "GroupQueryAttention"]


def four_bits(model: onnx.ModelProto) -> None:
    for node in attentions(model):
        node.attribute[-1].i = 4


def only_keys(model: onnx.ModelProto) -> None:
    for node in attentions(model):
        (kind,) = (each for each in node.attribute if each.name == "v_quant_type")
        kind.s = b"NONE"


def scales_elsewhere(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.name.endswith(".scale"):
            tensor.data_location = TensorProto.EXTERNAL


def computed_scales(model: onnx.ModelProto) -> None:
    (name,) = {attentions(model)[0].input[12]}
    model.graph.node.insert(0, helper.make_node("Identity", [name], ["computed"]))
    attentions(model)[0].input[12] = "computed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (four_bits, "a cache of bytes has 8 bits"),
        (only_keys, "keys and values have scales"),
        (scales_elsewhere, r"constants in model\.onnx itself"),
        (computed_scales, r"constants in model\.onnx itself"),
    ],
)
def test_other_caches_of_bytes_are_refused(
    change: Callable[[onnx.ModelProto], None], said: str
) -> None:
    model = in_bytes()
    change(model)

    with pytest.raises(BundleError, match=said):
        normalise(model)


def test_the_layout_says_what_a_prompt_needs() -> None:
    layout = normalise(in_bytes())

    assert layout.kv_dtype == np.int8
    assert layout.prompt_past == tuple(f"prompt.{name}" for name in layout.past)
    assert layout.prompt_present == tuple(f"prompt.{name}" for name in layout.present)
    assert [scale.shape for scale in layout.kv_scales] == [(1, HEADS, 1, HEAD_DIM)] * len(
        layout.past
    )
    assert layout.kv_bytes_per_token == LAYOUT.kv_bytes_per_token // 4


def test_a_cache_of_floats_has_one_form() -> None:
    model = grouped()
    layout = normalise(model)

    assert not layout.prompt_past
    assert not any(node.op_type == "If" for node in model.graph.node)


@pytest.mark.parametrize("is_prompt", [True, False])
def test_each_form_writes_its_own_cache_only_and_both_say_the_same(is_prompt: bool) -> None:
    model = in_bytes()
    layout = normalise(model)
    caches = {
        name: np.full((1, HEADS, ROOM, HEAD_DIM), 5, dtype)
        for names, dtype in ((layout.past, np.int8), (layout.prompt_past, np.float32))
        for name in names
    }

    found = run(opened(model), layout, caches, is_prompt=is_prompt)

    written = {name for name, cache in caches.items() if (cache != 5).any()}
    assert written == set(layout.prompt_past if is_prompt else layout.past)
    whole = grouped()
    floats = normalise(whole)
    empty = {name: np.zeros((1, HEADS, ROOM, HEAD_DIM), np.float32) for name in floats.past}
    expected = run(opened(whole), floats, empty)
    if is_prompt:
        np.testing.assert_allclose(found, expected, atol=1e-5)
    else:
        assert np.corrcoef(found[0], expected[0])[0, 1] > 0.99


def run(
    graph: Graph,
    layout: DecoderLayout,
    caches: Mapping[str, NDArray[Any]],
    *,
    is_prompt: bool | None = None,
) -> NDArray[np.float32]:
    """Let a graph read a text from its beginning; returns the logits."""
    fed = {
        INPUT_IDS: np.array([TEXT]),
        SEQLENS: np.array([len(TEXT) - 1], np.int32),
        TOTAL_LENGTH: np.array([len(TEXT)], np.int32),
        LAST_TOKEN: np.array([[len(TEXT) - 1]]),
    }
    if is_prompt is not None:
        fed[IS_PROMPT] = np.array([is_prompt])
    logits = np.zeros((1, layout.vocab_size), np.float32)
    past = {name: Buffer.over(cache) for name, cache in caches.items()}
    outputs = (*layout.present, *layout.prompt_present)
    present = dict(zip(outputs, past.values(), strict=True))
    graph.run_bound(
        graph.bind(
            {name: Buffer.over(array) for name, array in fed.items()} | past,
            {LOGITS: Buffer.over(logits)} | present,
        )
    )
    return logits
