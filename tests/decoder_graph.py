"""A tiny causal language model with a key/value cache."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tests.graphs import Graph

HEADS, HEAD_DIM = 2, 8
WIDTH = HEADS * HEAD_DIM
MAX_POSITIONS = 128


def decoder(
    table: NDArray[np.float32], *, layers: int = 2, mixing: float = 1.0, seed: int = 7
) -> onnx.ModelProto:
    """Predict by `table[current token]` plus `mixing` times what attention over the past says.

    Its weights are random but fixed; with a wrong cache, mask or position other tokens come out.
    """
    random = np.random.default_rng(seed)
    vocabulary = len(table)
    graph = Graph("input_ids", "attention_mask", "position_ids")
    rows = graph.op("Gather", graph.constant(_weights(random, vocabulary, WIDTH)), "input_ids")
    places = _weights(random, MAX_POSITIONS, WIDTH)
    state = graph.op("Add", rows, graph.op("Gather", graph.constant(places), "position_ids"))
    cache: dict[str, list[int | str]] = {}
    for layer in range(layers):
        mixed, present = _attention(graph, random, state, layer)
        state = graph.op("Tanh", graph.op("Add", state, mixed))
        cache |= present
    last = graph.constant(_weights(random, WIDTH, vocabulary))
    said = graph.op("Mul", graph.op("MatMul", state, last), graph.constant(mixing))
    known = graph.op("Gather", graph.constant(table), "input_ids")
    graph.op("Add", known, said, output="logits")
    return _with_cache(graph.model(logits=["batch", "sequence", vocabulary], **cache), layers)


def _attention(
    graph: Graph, random: np.random.Generator, state: str, layer: int
) -> tuple[str, dict[str, list[int | str]]]:
    """Attend over the cached and the new positions, none of them later than one's own."""
    query, key, value = (
        _heads(graph, graph.op("MatMul", state, graph.constant(_weights(random, WIDTH, WIDTH))))
        for _ in range(3)
    )
    past = f"past_key_values.{layer}"
    present = {part: f"present.{layer}.{part}" for part in ("key", "value")}
    graph.op("Concat", f"{past}.key", key, axis=2, output=present["key"])
    graph.op("Concat", f"{past}.value", value, axis=2, output=present["value"])
    turned = graph.op("Transpose", present["key"], perm=[0, 1, 3, 2])
    scores = graph.op("MatMul", query, turned)
    past_length = graph.op("Shape", f"{past}.key", start=2, end=3)
    allowed = graph.op(
        "Trilu", _ones_like_last_two(graph, scores), graph.op("Squeeze", past_length), upper=0
    )
    masked = graph.op(
        "Where", graph.op("Cast", allowed, to=TensorProto.BOOL), scores, graph.constant(-1e9)
    )
    mixed = graph.op("MatMul", graph.op("Softmax", masked, axis=-1), present["value"])
    joined = graph.op("Transpose", mixed, perm=[0, 2, 1, 3])
    flat = graph.op("Reshape", joined, graph.constant([0, 0, WIDTH]))
    shape: list[int | str] = ["batch", HEADS, "total", HEAD_DIM]
    return flat, dict.fromkeys(present.values(), shape)


def _heads(graph: Graph, values: str) -> str:
    split = graph.op("Reshape", values, graph.constant([0, 0, HEADS, HEAD_DIM]))
    return graph.op("Transpose", split, perm=[0, 2, 1, 3])


def _ones_like_last_two(graph: Graph, scores: str) -> str:
    shape = graph.op("Shape", scores, start=2, end=4)
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    return graph.op("ConstantOfShape", shape, value=one)


def _with_cache(model: onnx.ModelProto, layers: int) -> onnx.ModelProto:
    for layer in range(layers):
        for part in ("key", "value"):
            model.graph.input.append(
                helper.make_tensor_value_info(
                    f"past_key_values.{layer}.{part}",
                    TensorProto.FLOAT,
                    ["batch", HEADS, "past", HEAD_DIM],
                )
            )
    onnx.checker.check_model(model)
    return model


def _weights(random: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return random.normal(size=shape).astype(np.float32)
