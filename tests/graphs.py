"""Tiny ONNX graphs that really compute something, for `tests.bundles`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

FAR = 50.0
"""A logit that no other outweighs."""


class Graph:
    """Collects nodes and weights, then becomes a model."""

    def __init__(self, *inputs: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
            for name in inputs
        ]

    def constant(self, value: NDArray[np.generic] | float | Sequence[int]) -> str:
        """Add a weight; plain numbers become float32, lists of axes int64."""
        if isinstance(value, float):
            value = np.array(value, dtype=np.float32)
        elif not isinstance(value, np.ndarray):
            value = np.array(value, dtype=np.int64)
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        output = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def floats(self, name: str) -> str:
        """Cast to float32."""
        return self.op("Cast", name, to=TensorProto.FLOAT)

    def widen(self, name: str, *axes: int) -> str:
        """Insert dimensions of length one."""
        return self.op("Unsqueeze", name, self.constant(axes))

    def model(self, **outputs: Sequence[int | str]) -> onnx.ModelProto:
        """Close the graph; outputs are float32."""
        graph = helper.make_graph(
            self.nodes,
            "tiny",
            self.inputs,
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
                for name, shape in outputs.items()
            ],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
        model.ir_version = 10
        return model


def classifier(hits: NDArray[np.float32], bias: NDArray[np.float32]) -> onnx.ModelProto:
    """Score each label by the strongest of its tokens: `hits` is [vocabulary, labels]."""
    graph = Graph("input_ids", "attention_mask")
    rows = graph.op("Gather", graph.constant(hits), "input_ids")
    mask = graph.widen(graph.floats("attention_mask"), 2)
    strongest = graph.op("ReduceMax", graph.op("Mul", rows, mask), graph.constant([1]), keepdims=0)
    graph.op("Add", strongest, graph.constant(bias), output="logits")
    return graph.model(logits=["batch", hits.shape[1]])


def token_classifier(hits: NDArray[np.float32]) -> onnx.ModelProto:
    """Score each token by itself: `hits` is [vocabulary, labels]."""
    graph = Graph("input_ids", "attention_mask")
    rows = graph.op("Gather", graph.constant(hits), "input_ids")
    mask = graph.widen(graph.floats("attention_mask"), 2)
    graph.op("Mul", rows, mask, output="logits")
    return graph.model(logits=["batch", "sequence", hits.shape[1]])


def embedder(rows: NDArray[np.float32]) -> onnx.ModelProto:
    """Embed a text as the normalised sum of its tokens' rows."""
    graph = Graph("input_ids", "attention_mask")
    tokens = graph.op("Gather", graph.constant(rows), "input_ids")
    mask = graph.widen(graph.floats("attention_mask"), 2)
    total = graph.op("ReduceSum", graph.op("Mul", tokens, mask), graph.constant([1]), keepdims=0)
    graph.op("LpNormalization", total, axis=1, p=2, output="embedding")
    return graph.model(embedding=["batch", rows.shape[1]])


def _sides(graph: Graph, weight: NDArray[np.float32]) -> tuple[str, str, str, str]:
    """Return masks of the first and second text, the weights and the matrix of equal tokens."""
    rows = graph.op("Gather", graph.constant(weight), "input_ids")
    real = graph.floats(graph.op("Greater", rows, graph.constant(-0.5)))
    mask = graph.op("Mul", real, graph.floats("attention_mask"))
    types = graph.floats("token_type_ids")
    second = graph.op("Mul", mask, types)
    first = graph.op("Sub", mask, second)
    equal = graph.floats(
        graph.op("Equal", graph.widen("input_ids", 2), graph.widen("input_ids", 1))
    )
    return first, second, graph.op("Relu", rows), equal


def _shared(graph: Graph, equal: str, other: str, weight: str) -> str:
    """Return each token's weight if the other text has it too, else 0."""
    found = graph.op(
        "ReduceMax", graph.op("Mul", equal, graph.widen(other, 1)), graph.constant([2]), keepdims=0
    )
    return graph.op("Mul", found, weight)


def containment(weight: NDArray[np.float32]) -> onnx.ModelProto:
    """Judge pairs by the share of the second text's words that stand in the first.

    `weight` is what a token counts; below zero marks special tokens.
    """
    graph = Graph("input_ids", "attention_mask", "token_type_ids")
    first, second, counts, equal = _sides(graph, weight)
    held = graph.op("Mul", _shared(graph, equal, first, counts), second)
    axis = graph.constant([1])
    shared = graph.op("ReduceSum", held, axis, keepdims=1)
    total = graph.op("ReduceSum", graph.op("Mul", counts, second), axis, keepdims=1)
    share = graph.op("Div", shared, graph.op("Max", total, graph.constant(1.0)))
    logit = graph.op("Mul", graph.op("Sub", share, graph.constant(0.6)), graph.constant(10.0))
    graph.op("Concat", logit, graph.op("Neg", logit), axis=1, output="logits")
    return graph.model(logits=["batch", 2])


def reader(weight: NDArray[np.float32], reach: int, null: float) -> onnx.ModelProto:
    """Point at the new word that stands nearest to the question's words, best right behind them.

    A word of the passage scores by the question's words within `reach` tokens, unless the
    question has it too: 1.5 for one directly before it, falling with the distance, and half of
    that for one behind it. Position 0 scores `null`.
    """
    graph = Graph("input_ids", "attention_mask", "token_type_ids")
    first, second, counts, equal = _sides(graph, weight)
    asked = graph.op("Mul", _shared(graph, equal, first, counts), second)
    falling = 1.5 * np.arange(1, reach + 1, dtype=np.float32) / reach
    kernel = np.concatenate((falling, np.zeros(1, np.float32), falling[::-1] / 2))
    near = graph.op(
        "Conv", graph.widen(asked, 1), graph.constant(kernel[None, None]), pads=[reach, reach]
    )
    near = graph.op("Squeeze", near, graph.constant([1]))
    new = graph.op("Relu", graph.op("Sub", counts, asked))
    inside = graph.op("Mul", graph.op("Mul", near, new), second)
    outside = graph.op("Mul", graph.op("Sub", graph.constant(1.0), second), graph.constant(FAR))
    count = graph.op("CumSum", "attention_mask", graph.constant(np.array(1, dtype=np.int64)))
    start = graph.floats(graph.op("Equal", count, graph.constant(np.array(1, dtype=np.int64))))
    lifted = graph.op("Mul", start, graph.constant(FAR + null))
    logits = graph.op("Add", graph.op("Sub", inside, outside), lifted)
    graph.op("Identity", logits, output="start_logits")
    graph.op("Identity", logits, output="end_logits")
    return graph.model(start_logits=["batch", "sequence"], end_logits=["batch", "sequence"])


def endless(rows: NDArray[np.float32], token: int) -> onnx.ModelProto:
    """Embed as `embedder` does, but never come to an end with texts that hold `token`."""
    model = embedder(rows)
    graph = model.graph
    same = helper.make_node("Equal", ["input_ids", "endless_token"], ["is_endless"])
    number = helper.make_node("Cast", ["is_endless"], ["as_number"], to=TensorProto.INT64)
    found = helper.make_node("ReduceMax", ["as_number"], ["found"], keepdims=0)
    trips = helper.make_node("Mul", ["found", "for_ever"], ["trips"])
    graph.node[-1].output[0] = "first"
    loop = helper.make_node("Loop", ["trips", "", "first"], ["embedding"], body=_nothing())
    graph.node.extend([same, number, found, trips, loop])
    for name, value in (("endless_token", token), ("for_ever", 2**50)):
        graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=np.int64), name))
    onnx.checker.check_model(model)
    return model


def _nothing() -> onnx.GraphProto:
    """Return a loop's body that hands its value on."""
    again = helper.make_node("Identity", ["go"], ["go_on"])
    keep = helper.make_node("Identity", ["now"], ["then"])
    shape = ["batch", "width"]
    return helper.make_graph(
        [again, keep],
        "body",
        [
            helper.make_tensor_value_info("trip", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("now", TensorProto.FLOAT, shape),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("then", TensorProto.FLOAT, shape),
        ],
    )


def quantised(rows: NDArray[np.float32]) -> onnx.ModelProto:
    """Embed with dynamic quantisation: one scale for all that runs together."""
    width = rows.shape[1]
    graph = Graph("input_ids", "attention_mask")
    tokens = graph.op("Gather", graph.constant(rows), "input_ids")
    small, scale, zero = "small", "scale", "zero"
    graph.nodes.append(helper.make_node("DynamicQuantizeLinear", [tokens], [small, scale, zero]))
    weight = np.random.default_rng(3).integers(-127, 127, size=(width, width)).astype(np.int8)
    product = graph.op("MatMulInteger", small, graph.constant(weight), zero)
    state = graph.op("Mul", graph.floats(product), scale)
    mask = graph.widen(graph.floats("attention_mask"), 2)
    total = graph.op("ReduceSum", graph.op("Mul", state, mask), graph.constant([1]), keepdims=0)
    graph.op("LpNormalization", total, axis=1, p=2, output="embedding")
    return graph.model(embedding=["batch", width])
