"""The layouts of older versions of optimum and of transformers.js, made from the export of torch.

What today's optimum makes lies in `built`. Of the others, the inputs and outputs of the graphs count
here, and the way the branches of merged decoders are put together.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

CACHE_NAMES = ("past_key_values", "present")
LAST = 2**62


def write(layout: Callable[[ModelProto], ModelProto], origin: Path, folder: Path) -> None:
    """Bring an export into a layout, with its weights in a file of their own."""
    folder.mkdir()
    onnx.save_model(
        layout(onnx.load(origin)),
        folder / "model.onnx",
        save_as_external_data=True,
        location="model.onnx_data",
        size_threshold=256,
    )


def plain(model: ModelProto) -> ModelProto:
    """Take `num_logits_to_keep`, and keep the cache in half precision."""
    graph = model.graph
    head = _producer(graph, "logits")
    graph.input.append(helper.make_tensor_value_info("num_logits_to_keep", TensorProto.INT64, []))
    _initializers(graph, {"one_axis": [1], "no_axes": [0], "far": [LAST]})
    kept = [
        helper.make_node("Neg", ["num_logits_to_keep"], ["from_the_end"]),
        helper.make_node("Unsqueeze", ["from_the_end", "no_axes"], ["kept_start"]),
        helper.make_node("Slice", [head.input[0], "kept_start", "far", "one_axis"], ["kept"]),
    ]
    place = list(graph.node).index(head)
    for node in reversed(kept):
        graph.node.insert(place, node)
    _producer(graph, "logits").input[0] = "kept"
    _half_cache(graph)
    return model


def merged(model: ModelProto) -> ModelProto:
    """Put a branch with and a branch without past behind `use_cache_branch`."""
    graph = model.graph
    with_past, without = GraphProto(), GraphProto()
    for branch, name in ((with_past, "with_past"), (without, "without_past")):
        branch.CopyFrom(graph)
        branch.name = name
        del branch.input[:], branch.initializer[:], branch.value_info[:]
        _prefix(branch, f"{name}/", {entry.name for entry in (*graph.input, *graph.initializer)})
    _forget_past(without, graph)
    del graph.node[:], graph.value_info[:]
    outputs = [output.name for output in graph.output]
    graph.node.append(
        helper.make_node(
            "If",
            ["use_cache_branch"],
            outputs,
            name="optimum::if",
            then_branch=with_past,
            else_branch=without,
        )
    )
    graph.input.append(helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1]))
    return model


def three_positions(model: ModelProto) -> ModelProto:
    """Take the positions of time, height and width, which are equal for text."""
    graph = model.graph
    for node in graph.node:
        for at, name in enumerate(node.input):
            if name == "position_ids":
                node.input[at] = "of_time"
    for entry in graph.input:
        if entry.name == "position_ids":
            entry.CopyFrom(
                helper.make_tensor_value_info(
                    "position_ids", TensorProto.INT64, [3, "batch", "sequence"]
                )
            )
    _initializers(graph, {"first_axis": [0]})
    most = helper.make_node("ReduceMax", ["position_ids", "first_axis"], ["of_time"], keepdims=0)
    graph.node.insert(0, most)
    return model


def quantised(model: ModelProto) -> ModelProto:
    """Quantise as ONNX Runtime does by itself: products with weights, one scale for all tokens."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as place:
        before, after = Path(place, "before.onnx"), Path(place, "after.onnx")
        onnx.save(model, before)
        quantize_dynamic(before, after, weight_type=QuantType.QInt8, per_channel=True)
        return onnx.load(after)


def _half_cache(graph: GraphProto) -> None:
    """Let the cache's inputs and outputs be half precision, with casts behind and before them."""
    entries = [*graph.input, *graph.output]
    for entry in entries:
        if not entry.name.startswith(CACHE_NAMES):
            continue
        entry.type.tensor_type.elem_type = TensorProto.FLOAT16
        inner = f"{entry.name}/float"
        for node in graph.node:
            _rename(node, entry.name, inner)
        if entry.name.startswith("past"):
            cast = helper.make_node("Cast", [entry.name], [inner], to=TensorProto.FLOAT)
            graph.node.insert(0, cast)
        else:
            cast = helper.make_node("Cast", [inner], [entry.name], to=TensorProto.FLOAT16)
            graph.node.append(cast)


def _forget_past(branch: GraphProto, graph: GraphProto) -> None:
    """Begin with an empty cache, whatever the inputs hold."""
    constants: dict[str, list[int]] = {}
    nodes = [helper.make_node("Shape", ["input_ids"], ["without_past/rows"], start=0, end=1)]
    for entry in graph.input:
        if not entry.name.startswith("past"):
            continue
        dims = entry.type.tensor_type.shape.dim
        empty, shape = f"without_past/{entry.name}", f"without_past/{entry.name}/shape"
        constants[f"{shape}/rest"] = [dims[1].dim_value, 0, dims[3].dim_value]
        parts = ["without_past/rows", f"{shape}/rest"]
        nodes.append(helper.make_node("Concat", parts, [shape], axis=0))
        nodes.append(helper.make_node("ConstantOfShape", [shape], [empty]))
        for node in branch.node:
            _rename(node, entry.name, empty)
    for node in reversed(nodes):
        branch.node.insert(0, node)
    _initializers(branch, constants)


def _prefix(branch: GraphProto, prefix: str, shared: set[str]) -> None:
    """Give the branch's own values names of their own."""
    for node in branch.node:
        node.name = prefix + node.name
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                if name and name not in shared:
                    names[at] = prefix + name
    for output in branch.output:
        output.name = prefix + output.name


def _initializers(graph: GraphProto, values: dict[str, list[int]]) -> None:
    for name, numbers in values.items():
        graph.initializer.append(
            helper.make_tensor(name, TensorProto.INT64, [len(numbers)], numbers)
        )


def _rename(node: NodeProto, old: str, new: str) -> None:
    for names in (node.input, node.output):
        for at, name in enumerate(names):
            if name == old:
                names[at] = new


def _producer(graph: GraphProto, name: str) -> NodeProto:
    found: NodeProto = next(node for node in graph.node if name in node.output)
    return found
