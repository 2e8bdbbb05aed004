"""Quantisation: small, faithful, and nobody's neighbour."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from scripts.bundling import int8
from scripts.bundling.session import GraphSession, padded
from tests.graphs import Graph
from tests.scripts.bundling.networks import judge_graph, texts

pytestmark = pytest.mark.train

WIDTH = 16


@pytest.fixture(scope="module")
def small() -> onnx.ModelProto:
    return int8.quantise(judge_graph())


def test_all_matrices_and_tables_become_bytes(small: onnx.ModelProto) -> None:
    floats = [
        weight.name
        for weight in small.graph.initializer
        if weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2 and weight.dims[1] > 1
    ]

    assert floats == []
    assert "MatMulIntegerToFloat" in {node.op_type for node in small.graph.node}


def test_the_float_graph_is_left_as_it_was() -> None:
    before = judge_graph().SerializeToString()

    int8.quantise(judge_graph())

    assert judge_graph().SerializeToString() == before


def test_no_product_of_two_neighbours_overflows_sixteen_bits(small: onnx.ModelProto) -> None:
    """Processors without VNNI add two products of a byte and a weight in 16 bits."""
    read = {node.input[1] for node in small.graph.node if node.op_type == "MatMulIntegerToFloat"}
    weights = [numpy_helper.to_array(w) for w in small.graph.initializer if w.name in read]

    assert len(weights) == len(read) > 0
    assert max(int(np.abs(weight).max()) for weight in weights) * 2 * 255 < 2**15


def test_a_text_has_the_same_result_beside_any_other(small: onnx.ModelProto) -> None:
    session = GraphSession(small)
    rows = texts()
    alone = np.concatenate([session.run(padded([row]))[0] for row in rows])

    together = session.run(padded(rows))[0]

    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_embeddings_are_looked_up_in_the_output_weights_and_kept_once() -> None:
    weights = np.random.default_rng(2).normal(size=(WIDTH, 40)).astype(np.float32)
    graph = Graph("input_ids")
    matrix = graph.constant(weights)
    rows = graph.op("Gather", graph.op("Transpose", matrix, perm=[1, 0]), "input_ids", axis=0)
    graph.op("MatMul", rows, matrix, output="logits")
    model = graph.model(logits=["batch", "sequence", 40])
    batch = {"input_ids": np.array([[3, 1, 39]])}
    exact = GraphSession(model).run(batch)[0]

    int8.quantise_in_place(model, int8.EIGHT_BITS)

    small = GraphSession(model).run(batch)[0]
    assert np.abs(small - exact).max() < 0.02 * np.abs(exact).max()
    sizes = [np.prod(weight.dims) for weight in model.graph.initializer]
    assert sorted(sizes)[-2:] == [40, weights.size]


def test_a_row_of_zeros_stays_finite(small: onnx.ModelProto) -> None:
    batch = padded(texts(2))
    batch["attention_mask"][1] = 0

    assert np.isfinite(GraphSession(small).run(batch)[0]).all()


def test_a_row_of_zeros_stays_zeros() -> None:
    graph = Graph("input_ids")
    rows = graph.widen(graph.floats("input_ids"), 2)
    wide = graph.op("Mul", rows, graph.constant(np.ones(WIDTH, np.float32)))
    weights = np.random.default_rng(2).normal(size=(WIDTH, 5)).astype(np.float32)
    graph.op("MatMul", wide, graph.constant(weights), output="logits")
    model = int8.quantise(graph.model(logits=["batch", "sequence", 5]))

    found = GraphSession(model).run({"input_ids": np.array([[0, 1, 0]])})[0]

    assert (found[0, [0, 2]] == 0).all()
    np.testing.assert_allclose(found[0, 1], weights.sum(0), atol=0.3)
