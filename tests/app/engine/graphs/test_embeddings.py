"""Tables that are the output weights turned round: looked up without turning them."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto

from app.engine.graphs.editing import Editor
from app.engine.graphs.embeddings import look_up_columns
from tests.graphs import Graph

WEIGHTS = np.random.default_rng(6).normal(size=(8, 30)).astype(np.float32)
TOKENS = np.array([[1, 2, 3], [29, 0, 1]])


def tied(*, axis: int = 0, perm: tuple[int, ...] = (1, 0)) -> ModelProto:
    graph = Graph("input_ids")
    weights = graph.constant(WEIGHTS)
    table = graph.op("Transpose", weights, perm=perm)
    rows = graph.op("Gather", table, "input_ids", axis=axis)
    if axis == 0 and perm == (1, 0):
        graph.op("MatMul", rows, weights, output="y")
    else:
        graph.op("Identity", rows, output="y")
    return graph.model(y=["first", "second", "third"])


def run(model: ModelProto) -> NDArray[np.float32]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(["y"], {"input_ids": TOKENS % 8})[0]
    return found


def test_only_what_is_looked_up_is_turned() -> None:
    before, model = run(tied()), tied()
    editor = Editor(model)
    look_up_columns(editor)
    editor.prune()

    np.testing.assert_array_equal(run(model), before)
    turned = [node.input[0] for node in model.graph.node if node.op_type == "Transpose"]
    assert turned == ["penstock/columns/gather1"]


@pytest.mark.parametrize("model", [tied(axis=1), tied(perm=(0, 1))])
def test_what_is_no_turned_table_is_left_alone(model: ModelProto) -> None:
    before = model.SerializeToString()

    look_up_columns(Editor(model))

    assert model.SerializeToString() == before
