"""8-bit products whose scale an exporter computes by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from app.engine.graphs.editing import Editor
from app.engine.graphs.rowwise import quantise_row_by_row
from app.engine.graphs.scales import check_scales
from app.errors import BundleError
from tests.graphs import Graph

WIDTH, OUT = 32, 24
WEIGHTS = np.random.default_rng(3).integers(-127, 128, (WIDTH, OUT), np.int8)


def by_hand(axes: list[int] | None, *, as_node: bool = False) -> ModelProto:
    """Return x [batch, sequence, 32] times the weights, scaled by the largest of `axes`."""
    graph = Graph()
    reads: list[Any] = ["x_size"]
    graph.nodes.append(helper.make_node("Abs", ["x"], ["x_size"]))
    if axes is not None and as_node:
        tensor = helper.make_tensor("axes", TensorProto.INT64, [len(axes)], axes)
        graph.nodes.append(helper.make_node("Constant", [], ["x_axes"], value=tensor))
        reads.append("x_axes")
    elif axes is not None:
        reads.append(graph.constant(np.array(axes)))
    graph.nodes.append(helper.make_node("ReduceMax", reads, ["x_most"], name="/x/Most"))
    scale = graph.op("Div", "x_most", graph.constant(np.array([127], np.float32)))
    whole = graph.op("Round", graph.op("Div", "x", scale))
    numbers = graph.op("Cast", whole, to=TensorProto.INT8)
    product = graph.op("MatMulInteger", numbers, graph.constant(WEIGHTS))
    graph.op("Mul", graph.floats(product), scale, output="y")
    model = graph.model(y=["batch", "sequence", OUT])
    model.graph.input.append(
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "sequence", WIDTH])
    )
    return model


def first_row_changes(model: ModelProto) -> bool:
    """Say whether a text gets another result beside one that is a thousand times as large."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x: NDArray[np.float32] = np.random.default_rng(4).normal(size=(2, 3, WIDTH)).astype(np.float32)
    x[1] *= 1_000
    together, alone = (session.run(["y"], {"x": rows})[0] for rows in (x, x[:1]))
    return bool((together[:1] != alone).any())


@pytest.mark.parametrize("as_node", [False, True])
@pytest.mark.parametrize("axes", [[-1], [2]])
def test_a_scale_of_each_token_is_served(axes: list[int], *, as_node: bool) -> None:
    model = by_hand(axes, as_node=as_node)

    check_scales(Editor(model))

    assert not first_row_changes(model)


@pytest.mark.parametrize("axes", [None, [0, 2], [0, 1, 2]])
def test_a_scale_of_several_texts_is_refused(axes: list[int] | None) -> None:
    model = by_hand(axes)

    assert first_row_changes(model)
    with pytest.raises(BundleError, match=r"'/x/Most' \(ReduceMax\).*last axis.*MatMulNBits"):
        check_scales(Editor(model))


def test_a_branch_is_looked_into() -> None:
    model = by_hand(None)
    branch = model.graph.__class__.FromString(model.graph.SerializeToString())
    del branch.input[:], model.graph.node[:]
    model.graph.input.append(helper.make_tensor_value_info("is_first", TensorProto.BOOL, [1]))
    model.graph.node.append(
        helper.make_node("If", ["is_first"], ["y"], then_branch=branch, else_branch=branch)
    )

    with pytest.raises(BundleError, match="last axis"):
        check_scales(Editor(model))


def test_what_was_rewritten_passes() -> None:
    graph = Graph()
    graph.nodes.append(helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]))
    product = graph.op("MatMulInteger", "q", graph.constant(WEIGHTS), "zero")
    graph.op("Mul", graph.floats(product), "scale", output="y")
    editor = Editor(graph.model(y=["batch", "sequence", OUT]))

    quantise_row_by_row(editor)
    check_scales(editor)
