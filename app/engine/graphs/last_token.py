"""Logits of each row's last token only, as float32, whatever the graph gives."""

from __future__ import annotations

from onnx import NodeProto, TensorProto, helper

from app.engine.graphs.editing import Editor, Refused
from app.engine.graphs.layout import LAST_TOKEN, LOGITS
from app.engine.graphs.widths import width

HEADS = frozenset({"MatMul", "MatMulNBits"})
ROW_BY_ROW = frozenset({"Add", "Cast", "Div", "Identity", "Mul", "Sub", "Tanh", "Clip"})
"""They treat each number alone, so they may as well see one row as all of them."""
GATHERED = "penstock/last_hidden"
ALL, ONE, OWN = "penstock/all_logits", "penstock/logits", "penstock/own_logits"


def keep_last(editor: Editor) -> int:
    """Gather the last token before the output weights, else behind them; return the vocabulary.

    Raises:
        Refused: there are no logits, or their number is not to be found.
    """
    if LOGITS not in editor.outputs:
        raise Refused(f"the graph has no output {LOGITS!r}: it is not a causal language model")
    size = width(editor, LOGITS)
    if not size:
        raise Refused("the graph does not say how many tokens its vocabulary has")
    editor.add_input(LAST_TOKEN, TensorProto.INT64, ["batch", 1])
    head = _output_weights(editor)
    if head is not None:
        _gather(editor, head)
    _finish(editor, size, is_gathered=head is not None)
    return size


def _output_weights(editor: Editor) -> NodeProto | None:
    """Walk back from the logits to the product with the output weights."""
    node = editor.producer(LOGITS)
    while node is not None and node.op_type not in HEADS:
        computed = [name for name in node.input if name and name not in editor.constants]
        computed = [name for name in computed if not _is_constant(editor, name)]
        if node.op_type not in ROW_BY_ROW or len(computed) != 1:
            return None
        if len(editor.readers(computed[0])) != 1:
            return None
        node = editor.producer(computed[0])
    if node is None or node.input[0] in editor.constants or _is_constant(editor, node.input[0]):
        return None
    return node


def _is_constant(editor: Editor, value: str) -> bool:
    node = editor.producer(value)
    return node is not None and node.op_type == "Constant"


def _gather(editor: Editor, head: NodeProto) -> None:
    gather = helper.make_node(
        "GatherND", [head.input[0], LAST_TOKEN], [GATHERED], name=GATHERED, batch_dims=1
    )
    editor.insert(head, gather)
    head.input[0] = GATHERED


def _finish(editor: Editor, size: int, *, is_gathered: bool) -> None:
    """Name what the graph computed anew, and make float32 logits of one row each from it."""
    output = editor.outputs[LOGITS]
    for node in editor.graph.node:
        for at, name in enumerate(node.output):
            if name == LOGITS:
                node.output[at] = ALL
    editor.rename_readings(LOGITS, ALL)
    value = ALL
    if not is_gathered:
        editor.graph.node.append(
            helper.make_node("GatherND", [ALL, LAST_TOKEN], [ONE], name=ONE, batch_dims=1)
        )
        value = ONE
    is_float = output.type.tensor_type.elem_type == TensorProto.FLOAT
    operator = helper.make_node("Identity", [value], [LOGITS], name=OWN)
    if not is_float:
        operator = helper.make_node("Cast", [value], [LOGITS], name=OWN, to=TensorProto.FLOAT)
    editor.graph.node.append(operator)
    kind = helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["batch", size])
    output.CopyFrom(kind)
