"""Logits of each row's last token only, as float32, whatever the graph gives."""

from __future__ import annotations

from onnx import NodeProto, TensorProto, helper

from app.engine.graphs.editing import Editor, Refused
from app.engine.graphs.layout import LAST_TOKEN, LOGITS
from app.engine.graphs.widths import width

HEADS = frozenset({"MatMul", "MatMulNBits", "DynamicQuantizeLinear"})
ROW_BY_ROW = frozenset(
    {"Add", "Cast", "Clip", "Constant", "Div", "Identity", "MatMulInteger", "Mul", "Sub", "Tanh"}
)
"""They treat each row alone, so they may as well see one as all of them."""
FEW = 2
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
    """Return the node before which all is done row by row: the product, or its quantisation.

    Walks back from the logits; None if anything else is on the way or reads along.
    """
    seen: list[NodeProto] = []
    ends: list[NodeProto] = []
    values = [LOGITS]
    while values:
        value = values.pop()
        node = editor.producer(value)
        if node is None or any(node is each for each in (*seen, *ends)):
            if node is None and value not in editor.constants:
                return None
        elif node.op_type in HEADS:
            ends.append(node)
        elif node.op_type in ROW_BY_ROW and not _widens(editor, node):
            seen.append(node)
            values += filter(None, node.input)
        else:
            return None
    return ends[0] if len(ends) == 1 and _is_read_by(editor, ends[0], seen) else None


def _widens(editor: Editor, node: NodeProto) -> bool:
    """Whether a constant has more dimensions than logits of one row, and would add its own."""
    known = [editor.constants[name] for name in node.input if name in editor.constants]
    known += [each.t for each in node.attribute if node.op_type == "Constant"]
    return any(len(tensor.dims) > FEW for tensor in known)


def _is_read_by(editor: Editor, end: NodeProto, nodes: list[NodeProto]) -> bool:
    """Whether all between the end and the logits is read by these nodes alone."""
    for node in (end, *nodes):
        if node.op_type == "Constant":
            continue
        for reader in (reader for name in node.output for reader in editor.readers(name)):
            if not any(reader is each for each in nodes):
                return False
    return end.input[0] not in editor.constants


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
