"""Dynamic 8-bit products with a scale for each token."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from app.engine.graphs.editing import Editor
from app.engine.graphs.rowwise import quantise_row_by_row
from app.errors import BundleError
from tests.graphs import Graph

WIDTH, OUT = 32, 24
WEIGHTS = np.random.default_rng(3).normal(size=(WIDTH, OUT)).astype(np.float32)


def product(*, joint: bool = True, zero: bool = True, per_channel: bool = True) -> ModelProto:
    """Return x [batch, sequence, 32] times the weights, as ONNX Runtime's quantiser writes it."""
    largest = np.abs(WEIGHTS).max(axis=0 if per_channel else None)
    scale = np.asarray(largest / 127, dtype=np.float32)
    graph = Graph()
    graph.nodes.append(
        helper.make_node("DynamicQuantizeLinear", ["x"], ["x_q", "x_scale", "x_zero"], name="/x/Q")
    )
    whole = graph.constant(np.round(WEIGHTS / scale).astype(np.int8))
    zeros = [graph.constant(np.zeros_like(scale, dtype=np.int8))] if zero else []
    numbers = graph.floats(graph.op("MatMulInteger", "x_q", whole, "x_zero", *zeros))
    of_weights = graph.constant(scale)
    if joint:
        graph.op("Mul", numbers, graph.op("Mul", "x_scale", of_weights), output="y")
    else:
        graph.op("Mul", graph.op("Mul", numbers, "x_scale"), of_weights, output="y")
    model = graph.model(y=["batch", "sequence", OUT])
    model.graph.input.append(
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "sequence", WIDTH])
    )
    return model


def run(model: ModelProto, x: NDArray[np.float32]) -> NDArray[np.float32]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(["y"], {"x": x})[0]
    return found


def texts() -> NDArray[np.float32]:
    """Return two texts of three tokens; the second is a thousand times as large."""
    x = np.random.default_rng(4).normal(size=(2, 3, WIDTH)).astype(np.float32)
    x[1] *= 1_000
    return x


FORMS: list[Callable[[], ModelProto]] = [
    product,
    lambda: product(joint=False),
    lambda: product(zero=False),
    lambda: product(per_channel=False),
]


@pytest.mark.parametrize("form", FORMS)
def test_a_neighbour_changes_nothing(form: Callable[[], ModelProto]) -> None:
    before, model, x = form(), form(), texts()
    quantise_row_by_row(Editor(model))

    assert (run(model, x)[:1] == run(model, x[:1])).all()
    assert (run(model, x)[:, 1:2] == run(model, x[:, 1:2])).all()
    assert np.abs(run(before, x)[:1] - run(before, x[:1])).max() > 1  # as it was


@pytest.mark.parametrize("form", FORMS)
def test_the_product_is_as_near_as_8_bits_allow(form: Callable[[], ModelProto]) -> None:
    model, x = form(), texts()
    quantise_row_by_row(Editor(model))

    found, exact = run(model, x), x @ WEIGHTS

    error = np.abs(found - exact).max(axis=-1) / np.abs(exact).max(axis=-1)
    assert error.max() < 0.02


def test_a_token_of_zeros_stays_zero() -> None:
    model = product()
    quantise_row_by_row(Editor(model))

    assert (run(model, np.zeros((1, 1, WIDTH), np.float32)) == 0).all()


def test_one_quantisation_may_serve_many_products() -> None:
    model = product()
    graph = model.graph
    weights = next(node for node in graph.node if node.op_type == "MatMulInteger").input[1]
    graph.node.extend(
        [
            helper.make_node("MatMulInteger", ["x_q", weights, "x_zero"], ["again"]),
            helper.make_node("Cast", ["again"], ["again_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["again_float", "x_scale"], ["y2"]),
        ]
    )
    graph.output.append(
        helper.make_tensor_value_info("y2", TensorProto.FLOAT, ["batch", "sequence", OUT])
    )
    quantise_row_by_row(Editor(model))
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    one, two = session.run(["y", "y2"], {"x": texts()})

    scale = np.abs(WEIGHTS).max(axis=0) / 127
    np.testing.assert_allclose(one, two * scale, rtol=1e-5)


def test_branches_are_rewritten_too() -> None:
    inner = product()
    model = product()
    branch = inner.graph
    weights = list(branch.initializer)
    del branch.input[:], model.graph.node[:], model.graph.initializer[:]
    assert weights
    model.graph.input.append(helper.make_tensor_value_info("is_first", TensorProto.BOOL, [1]))
    model.graph.node.append(
        helper.make_node("If", ["is_first"], ["y"], then_branch=branch, else_branch=branch)
    )

    quantise_row_by_row(Editor(model))

    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x, first = texts(), np.array([True])
    together = session.run(["y"], {"x": x, "is_first": first})[0]
    alone = session.run(["y"], {"x": x[:1], "is_first": first})[0]
    assert (together[:1] == alone).all()


@pytest.mark.parametrize("value", ["x_q", "x_scale", "x_zero"])
def test_another_use_is_refused(value: str) -> None:
    model = product()
    model.graph.node.append(helper.make_node("Cast", [value], ["odd"], to=TensorProto.FLOAT))

    with pytest.raises(BundleError, match=r"'/x/Q' \(DynamicQuantizeLinear\).*MatMulNBits"):
        quantise_row_by_row(Editor(model))


@pytest.mark.parametrize(("scale", "is_refused"), [("one", False), ("x", True)])
def test_a_fused_product_is_served_if_its_scale_is_a_constant(
    scale: str, *, is_refused: bool
) -> None:
    graph = Graph()
    graph.op("MatMulIntegerToFloat", "x_q", graph.constant(WEIGHTS), scale, output="y")
    model = graph.model(y=["batch", "sequence", OUT])
    model.graph.initializer.append(helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]))

    if is_refused:
        with pytest.raises(BundleError, match="depends on what else is computed"):
            quantise_row_by_row(Editor(model))
    else:
        quantise_row_by_row(Editor(model))
