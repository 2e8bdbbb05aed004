"""Keys and values of a decoder kept in bytes, by one scale a channel measured on text.

A channel of the keys may be many times larger than its neighbours, so that one scale for all of them
would leave most with a few bits (KIVI, arXiv:2402.02750).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from app.engine.graphs.normalise import normalise
from scripts.bundling.decoders import empty_cache
from scripts.bundling.session import GraphSession

GROUPED = "GroupQueryAttention"
PAST_KEY, KEY_SCALE = 3, 12
LARGEST_BYTE = 127
HEADROOM = 1.1
"""How much larger than on the measured text a number may be before it is cut off."""
SMALLEST = 1e-6

Scales = dict[str, NDArray[np.float32]]


def rewrite(graph: Path, windows: Iterable[Sequence[int]]) -> None:
    """Let a decoder's graph keep its cache in bytes, by what it makes of some text.

    Args:
        graph: `model.onnx`; its external weights are left alone.
        windows: tokens of the text.
    """
    scales = measured(graph, windows)
    model = onnx.load(graph, load_external_data=False)
    keep_in_bytes(model, scales)
    onnx.save(model, graph)


def measured(graph: Path, windows: Iterable[Sequence[int]]) -> Scales:
    """Return what a byte must be worth for each input of the cache, [1, heads, 1, head_dim]."""
    session, layout = GraphSession(graph), normalise(onnx.load(graph, load_external_data=False))
    largest = [np.zeros((1, layout.num_kv_heads, 1, layout.head_dim), np.float32)] * len(
        layout.past
    )
    cache = empty_cache(layout)
    for tokens in windows:
        found = session.cached(tokens, cache, layout.present)
        sizes = [np.abs(values).max(axis=2, keepdims=True) for values in found]
        largest = [np.maximum(*pair) for pair in zip(largest, sizes, strict=True)]
    worth = [np.maximum(most * (HEADROOM / LARGEST_BYTE), SMALLEST) for most in largest]
    return dict(zip(layout.past, (each.astype(np.float32) for each in worth), strict=True))


def keep_in_bytes(model: onnx.ModelProto, scales: Scales) -> None:
    """Let every attention keep its cache in bytes; the model is changed in place."""
    for node in model.graph.node:
        if node.op_type == GROUPED:
            past = node.input[PAST_KEY : PAST_KEY + 2]
            names = [f"{name}.scale" for name in past]
            tensors = zip(past, names, strict=True)
            model.graph.initializer.extend(
                numpy_helper.from_array(scales[one], name) for one, name in tensors
            )
            node.input.extend([""] * (KEY_SCALE - len(node.input)))
            node.input.extend(names)
            for key in ("k_quant_type", "v_quant_type"):
                node.attribute.append(helper.make_attribute(key, "PER_CHANNEL"))
            node.attribute.append(helper.make_attribute("kv_cache_bit_width", 8))
    for value in (*model.graph.input, *model.graph.output):
        if value.name.startswith(("past_key_values.", "present.")):
            value.type.tensor_type.elem_type = TensorProto.INT8
    del model.graph.value_info[:]
