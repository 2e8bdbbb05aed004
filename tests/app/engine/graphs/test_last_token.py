"""Where the last token is taken: before the output weights, if nothing stands in the way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from app.engine.graphs.editing import Editor
from app.engine.graphs.last_token import keep_last
from app.errors import BundleError
from tests.graphs import Graph

VOCABULARY, WIDTH = 30, 8
random = np.random.default_rng(5)
ROWS = random.normal(size=(VOCABULARY, WIDTH)).astype(np.float32)
WEIGHTS = random.normal(size=(WIDTH, VOCABULARY)).astype(np.float32)
TOKENS = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
LAST = np.array([[3], [1]])
Close = Callable[[Graph, str], None]


def bare(graph: Graph, state: str) -> None:
    graph.op("MatMul", state, graph.constant(WEIGHTS), output="logits")


def capped(graph: Graph, state: str) -> None:
    small = graph.op("Div", product(graph, state), graph.constant(30.0))
    graph.op("Mul", graph.op("Tanh", small), graph.constant(30.0), output="logits")


def with_bias(graph: Graph, state: str) -> None:
    graph.op("Add", graph.constant(WEIGHTS[0]), product(graph, state), output="logits")


def wide_bias(graph: Graph, state: str) -> None:
    graph.op("Add", product(graph, state), graph.constant(ROWS[None, :1, :1]), output="logits")


def in_two_parts(graph: Graph, state: str) -> None:
    graph.op("Add", product(graph, state), product(graph, state), output="logits")


def by_softmax(graph: Graph, state: str) -> None:
    graph.op("LogSoftmax", product(graph, state), axis=-1, output="logits")


def read_twice(graph: Graph, state: str) -> None:
    said = product(graph, state)
    mean = graph.op("ReduceMean", said, graph.constant([1]), keepdims=1)
    graph.op("Sub", said, mean, output="logits")


def half(graph: Graph, state: str) -> None:
    graph.op("Cast", product(graph, state), to=TensorProto.FLOAT16, output="logits")


def in_bytes(graph: Graph, state: str) -> None:
    """As exports with one scale a token do it."""
    scale = graph.op("ReduceMax", graph.op("Abs", state), graph.constant([-1]), keepdims=1)
    step, zero = graph.constant(1 / 127), graph.constant(np.array(128, np.uint8))
    rows = graph.op("QuantizeLinear", graph.op("Div", state, scale), step, zero)
    weights = graph.constant(np.rint(WEIGHTS * 40).clip(-127, 127).astype(np.int8))
    scales = graph.constant(np.full(VOCABULARY, 1 / 40, np.float32))
    reads = (rows, weights, step, scales, zero)
    said = graph.op("MatMulIntegerToFloat", *reads, domain="com.microsoft")
    graph.op("Mul", said, scale, output="logits")


def by_largest_text(graph: Graph, state: str) -> None:
    most = graph.op("ReduceMax", state, graph.constant([1]), keepdims=1)
    graph.op("MatMul", graph.op("Sub", state, most), graph.constant(WEIGHTS), output="logits")


def moved_by_another(graph: Graph, state: str) -> None:
    most = graph.op("ReduceMax", state, graph.constant([1, 2]), keepdims=1)
    graph.op("Sub", product(graph, state), most, output="logits")


def product(graph: Graph, state: str) -> str:
    return graph.op("MatMul", state, graph.constant(WEIGHTS))


def made(close: Close) -> ModelProto:
    graph = Graph("input_ids")
    close(graph, graph.op("Tanh", graph.op("Gather", graph.constant(ROWS), "input_ids")))
    model = graph.model(logits=["batch", "sequence", VOCABULARY])
    if close is in_bytes:
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    if close is half:
        model.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    return model


def run(model: ModelProto, **feeds: NDArray[np.int64]) -> NDArray[np.float32]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(["logits"], {"input_ids": TOKENS, **feeds})[0]
    return found


@pytest.mark.parametrize(
    ("close", "is_early"),
    [
        (bare, True),
        (capped, True),
        (with_bias, True),
        (half, True),
        (in_bytes, True),
        (by_largest_text, True),
        (moved_by_another, False),
        (wide_bias, False),
        (in_two_parts, True),
        (by_softmax, False),
        (read_twice, False),
    ],
)
def test_each_row_s_own_last_token_is_kept(close: Close, *, is_early: bool) -> None:
    model = made(close)
    whole = run(made(close))

    assert keep_last(Editor(model)) == VOCABULARY

    found = run(model, last_token=LAST)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, whole[[0, 1], LAST[:, 0]], rtol=2e-3, atol=1e-5)
    reads = [node.input[0] for node in model.graph.node if node.op_type == "GatherND"]
    assert (reads == ["penstock/all_logits"]) is not is_early


def test_a_vocabulary_of_unknown_size_is_refused() -> None:
    model = made(by_softmax)
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_param = "words"

    with pytest.raises(BundleError, match="how many tokens its vocabulary has"):
        keep_last(Editor(model))


def test_an_unnamed_vocabulary_is_that_of_the_output_weights() -> None:
    model = made(capped)
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_param = "words"

    assert keep_last(Editor(model)) == VOCABULARY
