"""Products of two activations that a quantiser made 8-bit: attention, and the angles of positions.

Neither side is a weight, so the second one's scale can only be taken over all tokens at once, and
changes with whatever runs beside. Nothing is gained by it either: both sides are made anew each time.
"""

from __future__ import annotations

from collections import defaultdict

from onnx import GraphProto, NodeProto, helper

from app.engine.graphs.editing import Editor, all_graphs
from app.engine.graphs.rowwise import DYNAMIC

Readers = dict[str, list[NodeProto]]


def multiply_in_floats(editor: Editor) -> None:
    """Multiply activations as they were before they were quantised, in the graph and its branches.

    What is not written as ONNX Runtime's quantiser writes it is left as it is.
    """
    for graph in all_graphs(editor.graph):
        made = {node.output[0]: node for node in graph.node if node.op_type == DYNAMIC}
        readers: Readers = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                readers[name].append(node)
        for node in list(graph.node):
            if node.op_type == "MatMulInteger" and made.keys() >= set(node.input[:2]):
                _undo(graph, node, (made[node.input[0]], made[node.input[1]]), readers)


def _undo(
    graph: GraphProto, product: NodeProto, sides: tuple[NodeProto, NodeProto], readers: Readers
) -> None:
    """Replace integer product, cast and both scales by the product of what was quantised."""
    cast = _only_reader(product, "Cast", readers)
    scaled = _only_reader(cast, "Mul", readers)
    scales = _joint(sides, readers)
    if cast is None or scaled is None or _only_reader(scales, "Mul", readers) is not scaled:
        return
    name = product.name or product.output[0]
    floats = helper.make_node(
        "MatMul", [side.input[0] for side in sides], [scaled.output[0]], name=f"{name}/floats"
    )
    scaled.CopyFrom(floats)
    for node in (product, cast, scales):
        graph.node.remove(node)


def _joint(sides: tuple[NodeProto, NodeProto], readers: Readers) -> NodeProto | None:
    """Return the product of both scales."""
    both = sorted(side.output[1] for side in sides)
    found = (each for each in readers[both[0]] if sorted(each.input) == both)
    return next((each for each in found if each.op_type == "Mul"), None)


def _only_reader(node: NodeProto | None, kind: str, readers: Readers) -> NodeProto | None:
    """Return the one node that reads the result, if it is of the kind."""
    found = readers[node.output[0]] if node is not None else []
    return found[0] if len(found) == 1 and found[0].op_type == kind else None
