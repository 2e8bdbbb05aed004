"""What a CUDA graph would replay wrongly is taken out, and nothing else changes."""

from __future__ import annotations

import numpy as np
import onnx

from app.engine.graphs.recordable import make_recordable
from tests.decoding import Rows
from tests.normal_graphs import LAYOUT, opened, shared


def test_the_same_logits_without_gather_nd() -> None:
    model = shared()
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    make_recordable(changed)

    assert "GatherND" in {node.op_type for node in model.graph.node}
    assert "GatherND" not in {node.op_type for node in changed.graph.node}
    one, other = (Rows(opened(each), LAYOUT, 3) for each in (model, changed))
    for row, tokens in enumerate(([5, 6, 7], [8], [9] * 40)):
        np.testing.assert_array_equal(one.read(row, tokens), other.read(row, tokens))
    np.testing.assert_array_equal(one.step([1, 2, 3]), other.step([1, 2, 3]))


def test_gathering_in_another_way_stays() -> None:
    model = shared()
    for node in model.graph.node:
        if node.op_type == "GatherND":
            del node.attribute[:]
    before = model.SerializeToString()

    make_recordable(model)

    assert model.SerializeToString() == before
