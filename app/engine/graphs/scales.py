"""Refusing 8-bit products whose scale an exporter computes by hand over more than one token."""

from __future__ import annotations

from onnx import GraphProto, NodeProto, TensorProto, numpy_helper

from app.engine.graphs.editing import Editor, all_graphs, refused

PRODUCTS = frozenset({"MatMulInteger", "MatMulIntegerToFloat"})
EXTREMES = frozenset({"ReduceMax", "ReduceMin"})
ONE_BY_ONE = frozenset(
    {"Abs", "Add", "Cast", "Clip", "Constant", "Div", "Identity", "Max", "Min", "Mul", "Neg"}
    | {"QuantizeLinear", "Reciprocal", "Round", "Sub"}
)
"""What scales are computed with, beside the extremes; nobody looks further back than these."""
LAST = ([-1], [2])
"""The axis of one token's numbers; counted from the front in [batch, sequence, width]."""


def check_scales(editor: Editor) -> None:
    """Look at what the numbers of each product are made from.

    Raises:
        Refused: an extreme over more than one token is among it.
    """
    for graph in all_graphs(editor.graph):
        producers = {name: node for node in graph.node for name in node.output}
        known = editor.constants | {tensor.name: tensor for tensor in graph.initializer}
        for node in _behind_products(graph, producers):
            if node.op_type in EXTREMES and _axes(node, producers, known) not in LAST:
                raise refused(
                    node,
                    "it scales 8-bit numbers by what is computed beside them; let it reduce the "
                    "last axis (-1) alone, or use 4- or 8-bit weights by MatMulNBits",
                )


def _behind_products(graph: GraphProto, producers: dict[str, NodeProto]) -> list[NodeProto]:
    """Return the nodes from which the products' numbers come, one by one or by an extreme."""
    values = [node.input[0] for node in graph.node if node.op_type in PRODUCTS]
    found: dict[str, NodeProto] = {}
    while values:
        node = producers.get(values.pop())
        if node is None or node.output[0] in found:
            continue
        if node.op_type in EXTREMES | ONE_BY_ONE:
            found[node.output[0]] = node
        if node.op_type in ONE_BY_ONE:
            values += node.input
    return list(found.values())


def _axes(
    node: NodeProto, producers: dict[str, NodeProto], known: dict[str, TensorProto]
) -> list[int]:
    """Return what a node reduces; nothing where it is all, or not to be found."""
    for attribute in node.attribute:
        if attribute.name == "axes":
            return list(attribute.ints)
    name = node.input[1] if len(node.input) > 1 else ""
    maker = producers.get(name)
    told = [each.t for each in maker.attribute if each.name == "value"] if maker else []
    found = known.get(name) or next(iter(told), None)
    return [int(axis) for axis in numpy_helper.to_array(found).ravel()] if found else []
