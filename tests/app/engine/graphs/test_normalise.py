"""What is refused, with the node that stands in the way; and layouts made from scratch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper

from app.engine.graphs import Cache, DecoderLayout, PositionIds
from app.engine.graphs.normalise import normalise
from app.errors import BundleError
from tests.decoder_graph import decoder
from tests.normal_graphs import MICROSOFT, shared

INT64, FLOAT = TensorProto.INT64, TensorProto.FLOAT
LENGTHS = ("seqlens_k", "total_sequence_length")


def concatenated() -> ModelProto:
    """Return a decoder that ignores its mask and has two layers."""
    return decoder(np.eye(12, dtype=np.float32))


def grouped() -> ModelProto:
    """Return a decoder with GroupQueryAttention whose lengths come from a mask."""
    model = shared()
    graph = model.graph
    for value in [value for value in graph.input if value.name in (*LENGTHS, "last_token")]:
        graph.input.remove(value)
    graph.input.append(helper.make_tensor_value_info("attention_mask", INT64, ["batch", "total"]))
    nodes = [
        helper.make_node("ReduceSum", ["attention_mask", "axis"], ["sum"], keepdims=0),
        helper.make_node("Sub", ["sum", "axis"], ["less"]),
        helper.make_node("Cast", ["less"], [LENGTHS[0]], to=TensorProto.INT32),
        helper.make_node("Shape", ["attention_mask"], ["whole"], start=1, end=2),
        helper.make_node("Cast", ["whole"], [LENGTHS[1]], to=TensorProto.INT32),
    ]
    graph.initializer.append(helper.make_tensor("axis", INT64, [1], [1]))
    gather = next(node for node in graph.node if node.op_type == "GatherND")
    gather.CopyFrom(helper.make_node("Identity", [gather.input[0]], list(gather.output)))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    size = graph.output[0].type.tensor_type.shape.dim[-1].dim_value
    graph.output[0].CopyFrom(
        helper.make_tensor_value_info("logits", FLOAT, ["batch", "sequence", size])
    )
    return model


def add(model: ModelProto, kind: str, reads: Sequence[str], **options: Any) -> None:
    """Add a node whose result is part of the logits."""
    name = options.pop("name", f"odd_{kind}")
    graph = model.graph
    last = next(node for node in graph.node if "logits" in node.output)
    last.output[0] = "before"
    graph.node.append(helper.make_node(kind, reads, [name], name=name, **options))
    graph.node.append(helper.make_node("Add", ["before", name], ["logits"], name="sum"))


def feed(model: ModelProto, name: str, kind: int, shape: Sequence[int | str]) -> None:
    model.graph.input.append(helper.make_tensor_value_info(name, kind, shape))


def rename(model: ModelProto, old: str, new: str) -> None:
    for value in (*model.graph.input, *model.graph.output):
        value.name = new if value.name == old else value.name
    for node in model.graph.node:
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                names[at] = new if name == old else name


def shape_of(model: ModelProto, name: str, *shape: int | str) -> None:
    for value in (*model.graph.input, *model.graph.output):
        if value.name == name:
            kind = value.type.tensor_type.elem_type
            value.CopyFrom(helper.make_tensor_value_info(name, kind, shape))


def unknown_input(model: ModelProto) -> None:
    feed(model, "pixel_values", FLOAT, ["batch", "sequence", 1])
    add(model, "Tanh", ["pixel_values"], name="/vision/Tanh")


def recurrent_state(model: ModelProto) -> None:
    feed(model, "past_key_values.2.conv", FLOAT, ["batch", "sequence", 1])
    add(model, "Tanh", ["past_key_values.2.conv"])


def state_of_another_size(model: ModelProto) -> None:
    shape_of(model, "past_key_values.1.key", "batch", 2, "past", 9)


def bias(model: ModelProto) -> None:
    feed(model, "attention_mask_2", FLOAT, ["batch", 1, "sequence", "total"])
    node = next(node for node in model.graph.node if node.op_type == "GroupQueryAttention")
    node.name = "/layers.0/GroupQueryAttention"
    node.input.extend([""] * (10 - len(node.input)) + ["attention_mask_2"])


def dynamic_on_its_own(model: ModelProto) -> None:
    add(model, "DequantizeLinear", ["quantised", "scale", "zero"])
    node = helper.make_node(
        "DynamicQuantizeLinear", ["before"], ["quantised", "scale", "zero"], name="/lm/Quantize"
    )
    model.graph.node.insert(len(model.graph.node) - 2, node)


def scaled_by_hand(model: ModelProto) -> None:
    add(model, "MatMulInteger", ["scaled", "before"])
    most = helper.make_node("ReduceMax", ["before"], ["most"], name="/lm/Most")
    scaled = helper.make_node("Div", ["before", "most"], ["scaled"])
    for node in (most, scaled):
        model.graph.node.insert(len(model.graph.node) - 2, node)


Change = Callable[[ModelProto], None]
REFUSED: list[tuple[Callable[[], ModelProto], Change, str]] = [
    (concatenated, unknown_input, r"'/vision/Tanh' \(Tanh\).*'pixel_values'.*causal language"),
    (concatenated, recurrent_state, r"'past_key_values\.2\.conv' is no key or value"),
    (grouped, recurrent_state, r"'past_key_values\.2\.conv' is not like.*recurrent states"),
    (concatenated, state_of_another_size, r"'past_key_values\.1\.key' is not like"),
    (grouped, bias, r"'/layers\.0/GroupQueryAttention' \(com\.microsoft\.Group.* bias"),
    (
        grouped,
        lambda model: add(model, "Cast", ["attention_mask"], to=FLOAT, name="/rotary/Cast"),
        r"'/rotary/Cast' \(Cast\).*attention_mask beside GroupQueryAttention",
    ),
    (concatenated, dynamic_on_its_own, r"'/lm/Quantize' \(DynamicQ.*beside it.*MatMulNBits"),
    (concatenated, scaled_by_hand, r"'/lm/Most' \(ReduceMax\).*last axis.*MatMulNBits"),
    (
        concatenated,
        lambda model: add(model, "DynamicQuantizeMatMul", ["before"], domain=MICROSOFT, name="/q"),
        r"'/q' \(com\.microsoft\.DynamicQuantizeMatMul\).*MatMulNBits",
    ),
    (
        concatenated,
        lambda model: add(model, "PagedAttention", ["before"], domain=MICROSOFT, name="/paged"),
        r"'/paged' \(com\.microsoft\.PagedAttention\).*without use_paged_attention",
    ),
    (
        concatenated,
        lambda model: rename(model, "logits", "last_hidden_state"),
        "no output 'logits'.*causal language model",
    ),
    (
        concatenated,
        lambda model: rename(model, "input_ids", "inputs_embeds"),
        r"reads the input 'inputs_embeds'",
    ),
    (
        concatenated,
        lambda model: rename(model, "present.1.value", "presence"),
        "layer 1, value",
    ),
    (
        concatenated,
        lambda model: rename(model, "past_key_values.0.key", "past_key_values.0.encoder.key"),
        "export the decoder",
    ),
    (
        concatenated,
        lambda model: shape_of(model, "past_key_values.0.key", 2, "batch", 2, "past", 8),
        "5 dimensions instead of",
    ),
    (
        concatenated,
        lambda model: shape_of(model, "input_ids", 1, "sequence"),
        r"'input_ids' has the shape \[1, 'sequence'\].*free batch",
    ),
    (
        concatenated,
        lambda model: shape_of(model, "position_ids", "batch"),
        "'position_ids' has the shape",
    ),
]


@pytest.mark.parametrize(("made", "change", "message"), REFUSED)
def test_what_cannot_be_served_is_refused_with_what_stands_in_the_way(
    made: Callable[[], ModelProto], change: Change, message: str
) -> None:
    model = made()
    normalise(made())  # as it is, it can be served
    change(model)

    with pytest.raises(BundleError, match=message):
        normalise(model)


def test_a_graph_without_a_cache_is_refused() -> None:
    model = concatenated()
    for values in (model.graph.input, model.graph.output):
        for value in [value for value in values if value.name.startswith(("past", "present"))]:
            values.remove(value)

    with pytest.raises(BundleError, match=r"no key/value cache.*text-generation-with-past"):
        normalise(model)


def test_a_mask_that_nothing_reads_is_no_input() -> None:
    model = concatenated()

    layout = normalise(model)

    assert [value.name for value in model.graph.input if "mask" in value.name] == []
    assert (layout.has_attention_mask, layout.is_paddable) == (False, False)
    assert layout.position_ids is PositionIds.TWO_D


def test_the_shared_form_takes_lengths_instead_of_a_mask() -> None:
    model = grouped()

    layout = normalise(model)

    taken = {value.name for value in model.graph.input}
    assert taken == {"input_ids", "last_token", *LENGTHS, *layout.past}
    assert not {"ReduceSum", "Shape", "Sub"} & {node.op_type for node in model.graph.node}
    assert layout.cache is Cache.SHARED
    assert layout.max_positions == 512


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_the_order_of_inputs_does_not_matter(order: tuple[int, ...]) -> None:
    model = concatenated()
    values = [value for value in model.graph.input if value.name.startswith("past")]
    for value in values:
        model.graph.input.remove(value)
    model.graph.input.extend([values[at] for at in order])

    assert normalise(model) == normalise(concatenated())


def test_numbers_of_32_bits_are_cast_in_the_graph() -> None:
    model = concatenated()
    for value in model.graph.input:
        if value.name in ("input_ids", "position_ids"):
            value.type.tensor_type.elem_type = TensorProto.INT32

    normalise(model)

    kinds = {value.name: value.type.tensor_type.elem_type for value in model.graph.input}
    assert kinds["input_ids"] == kinds["position_ids"] == INT64
    onnx.checker.check_model(model)


def test_normalising_keeps_the_model_valid() -> None:
    for made in (concatenated, grouped):
        model = made()
        assert isinstance(normalise(model), DecoderLayout)
        onnx.checker.check_model(model)


def test_local_functions_are_seen_through() -> None:
    model = concatenated()
    inner = helper.make_node("Tanh", ["x"], ["y"])
    function = helper.make_function(
        "own", "Squash", ["x"], ["y"], [inner], [helper.make_opsetid("", 20)]
    )
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("own", 1))
    for node in model.graph.node:
        if node.op_type == "Tanh":
            node.op_type, node.domain = "Squash", "own"

    assert normalise(model) == normalise(concatenated())
    assert "Tanh" in {node.op_type for node in model.graph.node}
