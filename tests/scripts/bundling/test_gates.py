"""The gates let a faithful graph pass and stop every other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from scripts.bundling import gates, int8, parity
from scripts.bundling.graph import to_onnx
from scripts.bundling.modules import Exportable
from tests.scripts.bundling.networks import (
    MAX_TOKENS,
    encoder,
    judge,
    judge_graph,
    reader,
    texts,
)

pytestmark = pytest.mark.train
LIMITS = parity.Limits(mean=0.05, largest=0.3, agreement=0.8)


def _judge(exact: onnx.ModelProto, small: onnx.ModelProto) -> dict[str, float]:
    return gates.judge(judge(), exact, small, (texts(), parity.softmax_scores, LIMITS))


def _copy(graph: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    return copy


def _weight(graph: onnx.ModelProto, ending: str) -> onnx.TensorProto:
    found: onnx.TensorProto = next(
        weight for weight in graph.graph.initializer if weight.name.endswith(ending)
    )
    return found


def _scale_a_weight(graph: onnx.ModelProto) -> None:
    weight = _weight(graph, "head.weight")
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * 1.5, weight.name))


def _forget_a_bias(graph: onnx.ModelProto) -> None:
    bias = _weight(graph, "mix.bias")
    bias.CopyFrom(numpy_helper.from_array(np.full_like(numpy_helper.to_array(bias), 2), bias.name))


def _return_nan(graph: onnx.ModelProto) -> None:
    bias = _weight(graph, "head.bias")
    bias.CopyFrom(
        numpy_helper.from_array(np.full_like(numpy_helper.to_array(bias), np.nan), bias.name)
    )


def test_a_faithful_graph_passes_and_what_was_measured_comes_back() -> None:
    measured = _judge(judge_graph(), int8.quantise(judge_graph()))

    assert {name.split(".")[0] for name in measured} == {"float", "int8", "neighbours"}
    assert measured["float.largest"] < 1e-4
    assert measured["neighbours.largest"] < 1e-4
    assert 0 < measured["int8.mean"] < 0.05


@pytest.mark.parametrize("doctor", [_scale_a_weight, _forget_a_bias, _return_nan])
def test_a_doctored_float_graph_is_refused(doctor: Callable[[onnx.ModelProto], None]) -> None:
    doctored = _copy(judge_graph())
    doctor(doctored)

    with pytest.raises(parity.GateRefused, match="gate float"):
        _judge(doctored, int8.quantise(judge_graph()))


def test_a_graph_that_is_right_on_the_traced_shape_only_is_refused() -> None:
    """The traced texts have seven tokens; here every place after the seventh is ignored."""
    doctored = _copy(judge_graph())
    graph = doctored.graph
    graph.initializer.append(numpy_helper.from_array(np.array([7], np.int64), "seven"))
    graph.initializer.append(numpy_helper.from_array(np.array([0], np.int64), "zero"))
    graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "one"))
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        for node in graph.node:
            node.input[:] = [f"{name}_cut" if n == name else n for n in node.input]
        cut = onnx.helper.make_node("Slice", [name, "zero", "seven", "one"], [f"{name}_cut"])
        graph.node.insert(0, cut)

    with pytest.raises(parity.GateRefused, match="gate float"):
        _judge(doctored, int8.quantise(judge_graph()))


@pytest.mark.parametrize("doctor", [_forget_a_bias, _return_nan])
def test_a_doctored_int8_graph_is_refused(doctor: Callable[[onnx.ModelProto], None]) -> None:
    doctored = _copy(judge_graph())
    doctor(doctored)

    with pytest.raises(parity.GateRefused, match="gate int8"):
        _judge(judge_graph(), int8.quantise(doctored))


def test_a_graph_whose_results_depend_on_neighbours_is_refused() -> None:
    """One that divides by the largest value of the whole batch, as dynamic int8 does."""
    doctored = _copy(judge_graph())
    graph = doctored.graph
    last = next(node for node in graph.node if "logits" in node.output)
    last.output[0] = "logits_alone"
    graph.node.append(onnx.helper.make_node("ReduceMax", ["logits_alone"], ["top"], keepdims=0))
    graph.node.append(onnx.helper.make_node("Sigmoid", ["top"], ["top_share"]))
    graph.node.append(onnx.helper.make_node("Mul", ["logits_alone", "top_share"], ["logits"]))

    lenient = parity.Limits(mean=1, largest=1, agreement=0)
    with pytest.raises(parity.GateRefused, match="gate neighbours"):
        gates.judge(judge(), judge_graph(), doctored, (texts(), parity.softmax_scores, lenient))


def test_nothing_to_compare_on_is_no_success() -> None:
    with pytest.raises(parity.GateRefused, match="no texts"):
        parity.check("float", parity.embeddings, parity.FLOAT_LIMITS, [], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "compare"), [(encoder, parity.embeddings), (reader, parity.spans)]
)
def test_the_other_networks_pass_as_well(
    module: Callable[[], Exportable], compare: parity.Compare
) -> None:
    exact = to_onnx(module(), max_tokens=MAX_TOKENS)
    limits = parity.Limits(mean=0.3, largest=1.0, agreement=0.5)

    measured = gates.judge(module(), exact, int8.quantise(exact), (texts(), compare, limits))

    assert measured["float.largest"] < 1e-4
    assert [value.name for value in exact.graph.output] == list(module().outputs)
