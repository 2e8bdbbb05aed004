"""Embeddings that are looked up in the output weights, which lie the other way round."""

from __future__ import annotations

from onnx import NodeProto, helper

from app.engine.graphs.editing import Editor, attribute
from app.engine.graphs.layout import INPUT_IDS

ACROSS = [1, 0]


def look_up_columns(editor: Editor) -> None:
    """Take columns of a matrix instead of rows of the turned one, and turn only those.

    A turned table would be a second copy of the largest weights a model has; and one that is too
    large to be computed when the graph is opened would be turned again in each run.
    """
    for turn in list(editor.graph.node):
        if not _turns_weights(editor, turn):
            continue
        for node in list(editor.graph.node):
            looks_up = list(node.input) == [turn.output[0], INPUT_IDS]
            if looks_up and node.op_type == "Gather" and not attribute(node, "axis"):
                _take_columns(editor, node, turn.input[0])


def _turns_weights(editor: Editor, node: NodeProto) -> bool:
    weights = editor.constants.get(node.input[0]) if node.op_type == "Transpose" else None
    orders = [list(each.ints) for each in node.attribute if each.name == "perm"]
    return weights is not None and len(weights.dims) == len(ACROSS) and orders in ([], [ACROSS])


def _take_columns(editor: Editor, node: NodeProto, weights: str) -> None:
    """Gather [hidden, batch, sequence], and turn it to [batch, sequence, hidden]."""
    columns = f"penstock/columns/{node.output[0]}"
    turned = helper.make_node(
        "Transpose", [columns], [node.output[0]], name=f"{columns}/turned", perm=[1, 2, 0]
    )
    node.input[0] = weights
    node.output[0] = columns
    del node.attribute[:]
    node.attribute.append(helper.make_attribute("axis", 1))
    following = list(editor.graph.node).index(node) + 1
    editor.graph.node.insert(following, turned)
