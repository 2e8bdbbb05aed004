"""In place of operators that a CUDA graph replays wrongly, ones that it replays rightly."""

from __future__ import annotations

from onnx import ModelProto, NodeProto, helper

from app.engine.graphs.editing import Editor, attribute
from app.engine.graphs.layout import LAST_TOKEN


def make_recordable(model: ModelProto) -> None:
    """Take the last token's row by Gather, for rows that all have it at the same place.

    Those of one step do: one row that reads a prompt, or many that read one token each. GatherND
    would do for any rows, but on a GPU it copies numbers from main memory that is given back
    before a recorded run is replayed.
    """
    editor = Editor(model)
    for node in list(editor.graph.node):
        if node.op_type == "GatherND" and node.input[1] == LAST_TOKEN:
            _take_one_place(editor, node)


def _take_one_place(editor: Editor, node: NodeProto) -> None:
    """Gather [batch, sequence, ...] at the first row's place, and drop the axis that is left."""
    if attribute(node, "batch_dims") != 1:
        return
    (result,) = node.output
    zero, axis = editor.constant("penstock/0", 0), editor.constant("penstock/[1]", [1])
    place, taken = f"{result}/place", f"{result}/taken"
    editor.insert(
        node,
        helper.make_node("Gather", [LAST_TOKEN, zero], [place], name=place, axis=0),
        helper.make_node("Gather", [node.input[0], place], [taken], name=taken, axis=1),
        helper.make_node("Squeeze", [taken, axis], [result], name=f"{result}/row"),
    )
    editor.graph.node.remove(node)
