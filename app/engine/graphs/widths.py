"""The length of a value's last dimension, where a graph says it anywhere."""

from __future__ import annotations

from onnx import NodeProto

from app.engine.graphs.editing import Editor, attribute, dims

DEEPEST = 12
PASSING = frozenset({"Add", "Cast", "Clip", "Div", "Identity", "Mul", "Sub", "Tanh"})
FIRST = frozenset({"DequantizeLinear", "GatherND", "RotaryEmbedding"})
"""Their result is as wide as their first input."""


def width(editor: Editor, value: str, depth: int = 0) -> int:
    """Return it, or 0 when it is not to be found."""
    known = [*editor.graph.value_info, *editor.graph.input, *editor.graph.output]
    for each in known:
        if each.name == value and (shape := dims(each)) and isinstance(shape[-1], int):
            return shape[-1]
    if value in editor.constants:
        return int((editor.constants[value].dims or [0])[-1])
    node = editor.producer(value)
    return _computed(editor, node, depth) if node is not None and depth < DEEPEST else 0


def _computed(editor: Editor, node: NodeProto, depth: int) -> int:
    if node.op_type == "MatMulNBits":
        return attribute(node, "N")
    if node.op_type in ("MatMul", "MatMulInteger", "MatMulIntegerToFloat"):
        return width(editor, node.input[1], depth + 1)
    if node.op_type == "Gemm":
        weight = editor.constants.get(node.input[1])
        turned = attribute(node, "transB")
        return int(weight.dims[0 if turned else 1]) if weight else 0
    if node.op_type == "Transpose" and node.input[0] in editor.constants:
        return int(editor.constants[node.input[0]].dims[0])  # of a turned matrix
    if node.op_type in FIRST:
        return width(editor, node.input[0], depth + 1)
    if node.op_type in PASSING:
        return max(width(editor, name, depth + 1) for name in node.input)
    return 0
