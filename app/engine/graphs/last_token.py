"""Logits of each row's last token only, as float32, whatever the graph gives."""

from __future__ import annotations

from onnx import NodeProto, TensorProto, helper, numpy_helper

from app.engine.graphs.editing import Editor, Refused, attribute
from app.engine.graphs.layout import LAST_TOKEN, LOGITS
from app.engine.graphs.widths import width

HEADS = frozenset({"MatMul", "MatMulNBits", "DynamicQuantizeLinear"})
"""Products with the output weights, or their beginning: nobody looks further back."""
PRODUCTS = HEADS | {"MatMulInteger", "MatMulIntegerToFloat"}
ROW_BY_ROW = PRODUCTS - HEADS | {"Abs", "Add", "Cast", "Clip", "Constant", "Div", "Identity", "Max"}
ROW_BY_ROW |= {"Mul", "QuantizeLinear", "ReduceMax", "Sub", "Tanh"}
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
    rows = _read_by_rows(editor)
    if rows is not None:
        _gather(editor, *rows)
    _finish(editor, size, is_gathered=rows is not None)
    return size


def _read_by_rows(editor: Editor) -> tuple[str, list[NodeProto]] | None:
    """Return the value behind which all is done row by row, and the nodes from it to the logits.

    Walks back from the logits; None if no product is on the way, or anything else reads along.
    """
    nodes: list[NodeProto] = []
    origins: set[str] = set()
    values = [LOGITS]
    while values:
        value = values.pop()
        node = editor.producer(value)
        if value in editor.constants or any(node is each for each in nodes):
            continue
        if node is None or not _goes_by_rows(editor, node):
            origins.add(value)
            continue
        nodes.append(node)
        if node.op_type in HEADS:
            origins.add(node.input[0])
        else:
            values += filter(None, node.input)
    if len(origins) > 1 or not any(node.op_type in PRODUCTS for node in nodes):
        return None
    (origin,) = origins
    return (origin, nodes) if _is_read_by(editor, nodes, origin) else None


def _goes_by_rows(editor: Editor, node: NodeProto) -> bool:
    if node.op_type in HEADS:
        return True
    if node.op_type == "ReduceMax" and (len(node.input) < FEW or not _is_last_axis(editor, node)):
        return False
    if node.op_type == "QuantizeLinear" and not _is_number(editor, node.input[1]):
        return False  # by an axis that one row would not have
    return node.op_type in ROW_BY_ROW and not _widens(editor, node)


def _is_number(editor: Editor, name: str) -> bool:
    return name in editor.constants and not editor.constants[name].dims


def _is_last_axis(editor: Editor, node: NodeProto) -> bool:
    axes = editor.constants.get(node.input[1])
    kept = attribute(node, "keepdims", 1)
    return axes is not None and bool(kept) and numpy_helper.to_array(axes).tolist() == [-1]


def _widens(editor: Editor, node: NodeProto) -> bool:
    """Whether a constant has more dimensions than logits of one row, and would add its own."""
    known = [editor.constants[name] for name in node.input if name in editor.constants]
    known += [each.t for each in node.attribute if node.op_type == "Constant"]
    return any(len(tensor.dims) > FEW for tensor in known)


def _is_read_by(editor: Editor, nodes: list[NodeProto], origin: str) -> bool:
    """Whether all behind the origin is read by these nodes alone."""
    for node in nodes:
        if node.op_type == "Constant":
            continue
        for reader in (reader for name in node.output for reader in editor.readers(name)):
            if not any(reader is each for each in nodes):
                return False
    return origin not in editor.constants


def _gather(editor: Editor, origin: str, nodes: list[NodeProto]) -> None:
    """Let the nodes read the last token's row alone."""
    gather = helper.make_node(
        "GatherND", [origin, LAST_TOKEN], [GATHERED], name=GATHERED, batch_dims=1
    )
    for node in nodes:
        for at, name in enumerate(node.input):
            if name == origin:
                node.input[at] = GATHERED
    first = next(node for node in editor.graph.node if any(node is each for each in nodes))
    editor.insert(first, gather)


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
