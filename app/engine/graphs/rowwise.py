"""8-bit products whose scale is each token's own, so that no row depends on its neighbours.

DynamicQuantizeLinear takes one scale for everything that runs together: the same text gets other
logits with every other batch. Here each token (the last axis) gets its own, symmetric around 128.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from onnx import GraphProto, NodeProto, TensorProto, helper

from app.engine.graphs.editing import Editor, all_graphs, refused

DYNAMIC = "DynamicQuantizeLinear"
FUSED = frozenset(
    {"DynamicQuantizeMatMul", "MatMulIntegerToFloat", "DynamicQuantizeLSTM", "QAttention"}
)
REMEDY = "its result depends on what else is computed beside it; use 4- or 8-bit weights by "
REMEDY += "MatMulNBits, or DynamicQuantizeLinear and MatMulInteger left apart"
MIDDLE, LEVELS, SMALLEST = 128, 127.0, 1e-8


def quantise_row_by_row(editor: Editor) -> None:
    """Replace every dynamic quantisation in the graph and its branches.

    Raises:
        Refused: one that is used in another way than for products with 8-bit weights.
    """
    for graph in all_graphs(editor.graph):
        for node in graph.node:
            if node.op_type in FUSED and not _has_fixed_scale(editor, node):
                raise refused(node, REMEDY)
        if any(node.op_type == DYNAMIC for node in graph.node):
            _rewrite(editor, graph)


def _has_fixed_scale(editor: Editor, node: NodeProto) -> bool:
    """Whether a product's numbers are scaled by a constant: all that belongs to a row is outside."""
    return node.op_type == "MatMulIntegerToFloat" and node.input[2] in editor.constants


def _rewrite(editor: Editor, graph: GraphProto) -> None:
    readers: dict[str, list[NodeProto]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)
    nodes: list[NodeProto] = []
    scales: set[str] = set()
    for node in graph.node:
        if node.op_type == DYNAMIC:
            _check(node, readers)
            for product in readers[node.output[2]]:
                product.input[2] = editor.constant("penstock/128", MIDDLE, TensorProto.UINT8)
            nodes += _by_row(editor, node)
            scales.add(node.output[1])
        else:
            nodes.append(node)
    _replace(graph, nodes)
    _replace(graph, list(_scaled_in_turn(graph, scales)))


def _replace(graph: GraphProto, nodes: Sequence[NodeProto]) -> None:
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)


def _check(node: NodeProto, readers: dict[str, list[NodeProto]]) -> None:
    numbers, scale, zero = node.output
    products = all(
        each.op_type == "MatMulInteger" and each.input[0] == numbers for each in readers[numbers]
    )
    zeros = all(
        each.op_type == "MatMulInteger" and list(each.input).index(zero) == 2
        for each in readers[zero]
    )
    if not (products and zeros and all(each.op_type == "Mul" for each in readers[scale])):
        raise refused(node, REMEDY)


def _by_row(editor: Editor, node: NodeProto) -> Iterator[NodeProto]:
    """Yield what computes the numbers and the scale [..., 1] of each token."""
    (source,), (numbers, scale, _) = node.input, node.output
    axis = editor.constant("penstock/[-1]", [-1])
    inverse = editor.scalar("penstock/1/127", 1 / LEVELS)
    smallest = editor.scalar("penstock/smallest", SMALLEST)
    middle = editor.scalar("penstock/128.0", MIDDLE)
    place = f"{node.name or numbers}/row/"
    steps: tuple[tuple[str, list[str], str, dict[str, Any]], ...] = (
        ("Abs", [source], f"{place}sizes", {}),
        ("ReduceMax", [f"{place}sizes", axis], f"{place}largest", {"keepdims": 1}),
        ("Mul", [f"{place}largest", inverse], f"{place}step", {}),
        ("Max", [f"{place}step", smallest], scale, {}),
        ("Div", [source, scale], f"{place}scaled", {}),
        ("Round", [f"{place}scaled"], f"{place}whole", {}),
        ("Add", [f"{place}whole", middle], f"{place}moved", {}),
        ("Cast", [f"{place}moved"], numbers, {"to": TensorProto.UINT8}),
    )
    for kind, reads, result, options in steps:
        yield helper.make_node(kind, reads, [result], name=place + kind, **options)


def _scaled_in_turn(graph: GraphProto, scales: set[str]) -> Iterator[NodeProto]:
    """Yield the nodes so that products are scaled by the weights' scale, then by the tokens'.

    ONNX Runtime takes product, cast and the product of both scales for the pattern of one scale
    for all, and would fuse it wrongly.
    """
    joint: dict[str, list[str]] = {}
    for node in graph.node:
        both = [name for name in node.input if name in joint]
        if node.op_type == "Mul" and scales.intersection(node.input):
            joint[node.output[0]] = sorted(node.input, key=scales.__contains__)
        elif node.op_type == "Mul" and len(both) == 1:
            of_weights, of_tokens = joint[both[0]]
            (product,) = (name for name in node.input if name not in both)
            inner = f"{node.output[0]}/weights"
            yield helper.make_node("Mul", [product, of_weights], [inner], name=inner)
            node.input[:] = [inner, of_tokens]
        yield node
