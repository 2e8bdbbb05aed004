"""Products of activations that were quantised."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import ModelProto, TensorProto, helper

from app.engine.graphs.activations import multiply_in_floats
from app.engine.graphs.editing import Editor
from app.engine.graphs.rowwise import quantise_row_by_row
from app.errors import BundleError
from tests.graphs import Graph

X = np.random.default_rng(5).normal(size=(2, 3, 8)).astype(np.float32)


def attention() -> ModelProto:
    """Return x times x turned round, both quantised, as ONNX Runtime's quantiser writes it."""
    graph = Graph()
    graph.nodes.append(helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]))
    for name in ("x", "t"):
        outputs = [f"{name}_q", f"{name}_scale", f"{name}_zero"]
        graph.nodes.append(helper.make_node("DynamicQuantizeLinear", [name], outputs))
    numbers = graph.floats(graph.op("MatMulInteger", "x_q", "t_q", "x_zero", "t_zero"))
    graph.op("Mul", numbers, graph.op("Mul", "x_scale", "t_scale"), output="y")
    model = graph.model(y=["batch", "sequence", "sequence"])
    model.graph.input.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, None, 8]))
    return model


def as_served(model: ModelProto) -> ModelProto:
    editor = Editor(model)
    multiply_in_floats(editor)
    quantise_row_by_row(editor)
    editor.prune()
    return model


def in_a_branch(model: ModelProto) -> ModelProto:
    """Return a model that has the whole of another one in both its branches."""
    inner, outer = model.graph, ModelProto()
    outer.CopyFrom(model)
    del inner.input[:], outer.graph.node[:], outer.graph.initializer[:]
    always = helper.make_tensor("always", TensorProto.BOOL, [1], [True])
    outer.graph.initializer.append(always)
    outer.graph.node.append(
        helper.make_node("If", ["always"], ["y"], then_branch=inner, else_branch=inner)
    )
    return outer


@pytest.mark.parametrize("is_branch", [False, True])
def test_the_product_is_of_what_was_quantised(*, is_branch: bool) -> None:
    model = as_served(in_a_branch(attention()) if is_branch else attention())
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    (found,) = session.run(["y"], {"x": X})

    np.testing.assert_allclose(found, X @ X.transpose(0, 2, 1), atol=1e-5, rtol=0)


def test_nothing_is_left_of_the_integers() -> None:
    model = as_served(attention())

    assert [node.op_type for node in model.graph.node] == ["Transpose", "MatMul"]


@pytest.mark.parametrize("read", ["t_scale", "t_zero", "t_q"])
def test_another_use_is_refused(read: str) -> None:
    model = attention()
    model.graph.node.append(helper.make_node("Cast", [read], ["odd"], to=TensorProto.FLOAT))
    model.graph.output.append(helper.make_tensor_value_info("odd", TensorProto.FLOAT, None))

    with pytest.raises(BundleError, match="DynamicQuantizeLinear"):
        as_served(model)


def test_a_product_that_is_read_before_it_is_scaled_is_refused() -> None:
    model = attention()
    numbers = next(node for node in model.graph.node if node.op_type == "MatMulInteger").output[0]
    model.graph.node.append(helper.make_node("Identity", [numbers], ["odd"]))
    model.graph.output.append(helper.make_tensor_value_info("odd", TensorProto.INT32, None))

    with pytest.raises(BundleError, match="DynamicQuantizeLinear"):
        as_served(model)
