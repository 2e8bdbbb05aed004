"""Turns a float graph into an int8 one whose results do not depend on a text's neighbours.

ONNX Runtime's own dynamic quantisation takes one activation scale for a whole batch, so a text's
score moves with the texts beside it. Here every token gets its own:

    x ── row maximum ── largest[row] ─┐
    └── x / largest ── QuantizeLinear ┴─ MatMulIntegerToFloat(int8 weights) ── * largest[row]

Weights keep one scale a column, embedding tables one a row.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SEVEN_BITS, EIGHT_BITS = 63, 127
"""Largest weight. With eight bits, products of two neighbours overflow 16 bits on processors without
VNNI unless ONNX Runtime is told to be exact (`session.x64quantprecision`); seven bits give the same
results everywhere."""
TABLE_LEVELS = 127
ZERO_POINT = 128
CONTRIB = "com.microsoft"
SHARED: tuple[tuple[str, NDArray[np.generic]], ...] = (
    ("int8_zero_point", np.array(ZERO_POINT, np.uint8)),
    ("int8_step", np.array(1 / 127, np.float32)),
    ("int8_last_axis", np.array([-1], np.int64)),
)


class Quantizer:
    """Rewrites one graph; each activation is quantised once, however many weights read it."""

    def __init__(self, graph: onnx.GraphProto, levels: int = SEVEN_BITS) -> None:
        self._graph = graph
        self._levels = levels
        self._weights = {w.name: w for w in graph.initializer}
        self._nodes: list[onnx.NodeProto] = []
        self._quantised: set[str] = set()
        self._turned: dict[str, onnx.NodeProto] = {}

    def rewrite(self) -> None:
        """Replace every product with a constant matrix and every look-up in a float table."""
        for node in self._graph.node:
            self._rewrite(node)
        self._keep_additions()
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)
        for name, value in SHARED:
            self._constant(name, value)
        self._drop_replaced()

    def _rewrite(self, node: onnx.NodeProto) -> None:
        match node.op_type:
            case "MatMul" if self._is_matrix(node.input[1]):
                self._matmul(node)
            case "Gemm" if self._is_matrix(node.input[1]):
                self._gemm(node)
            case "Gather" if self._is_matrix(node.input[0]):
                self._gather(node)
            case "Gather" if node.input[0] in self._turned:
                self._gather_across(node)
            case "Transpose" if self._is_matrix(node.input[0]):
                self._turned[node.output[0]] = node
                self._nodes.append(node)
            case _:
                self._nodes.append(node)

    def _is_matrix(self, name: str) -> bool:
        weight = self._weights.get(name)
        return (
            weight is not None and weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2
        )

    def _matmul(self, node: onnx.NodeProto) -> None:
        self._product(node.input[0], node.input[1], node.output[0])

    def _gemm(self, node: onnx.NodeProto) -> None:
        """Split into a product and the addition of its bias."""
        options = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if options.get("transA") or {options.get("alpha", 1.0), options.get("beta", 1.0)} != {1.0}:
            self._nodes.append(node)
            return
        out = node.output[0]
        matrix = node.input[1]
        if options.get("transB"):
            matrix = f"{node.input[1]}_across"
            values = numpy_helper.to_array(self._weights[node.input[1]])
            self._constant(matrix, np.ascontiguousarray(values.T))
        self._product(node.input[0], matrix, f"{out}_product")
        self._add("Add", [f"{out}_product", node.input[2]], out)

    def _product(self, name: str, matrix: str, out: str) -> None:
        rows, largest = self._quantise_rows(name)
        weight, column_scale = self._weight(matrix)
        inputs = [rows, weight, "int8_step", column_scale, "int8_zero_point"]
        self._add("MatMulIntegerToFloat", inputs, f"{out}_unscaled")
        self._add("Mul", [f"{out}_unscaled", largest], out)

    def _quantise_rows(self, name: str) -> tuple[str, str]:
        rows, largest = f"{name}_rows", f"{name}_largest"
        if name not in self._quantised:
            self._add("Abs", [name], f"{name}_size")
            self._add("ReduceMax", [f"{name}_size", "int8_last_axis"], largest)
            # A row of zeros becomes NaN here, some byte then, and zeros again times its largest.
            self._add("Div", [name, largest], f"{name}_parts")
            self._add("QuantizeLinear", [f"{name}_parts", "int8_step", "int8_zero_point"], rows)
            self._quantised.add(name)
        return rows, largest

    def _weight(self, name: str) -> tuple[str, str]:
        integers, scale = f"{name}_int8", f"{name}_scale"
        if name not in self._quantised:
            values = numpy_helper.to_array(self._weights[name])
            scales = _scales(values, axis=0, levels=self._levels)
            self._constant(integers, _rounded(values / scales, self._levels))
            self._constant(scale, scales.reshape(-1))
            self._quantised.add(name)
        return integers, scale

    def _gather(self, node: onnx.NodeProto) -> None:
        name, out = node.input[0], node.output[0]
        integers, scale = f"{name}_int8", f"{name}_scale"
        if name not in self._quantised:
            values = numpy_helper.to_array(self._weights[name])
            scales = _scales(values, axis=1, levels=TABLE_LEVELS)
            self._constant(integers, _rounded(values / scales, TABLE_LEVELS))
            self._constant(scale, scales)
            self._quantised.add(name)
        self._add("Gather", [integers, node.input[1]], f"{out}_int8", axis=0)
        self._add("Gather", [scale, node.input[1]], f"{out}_scale", axis=0)
        self._add("Cast", [f"{out}_int8"], f"{out}_float", to=TensorProto.FLOAT)
        self._add("Mul", [f"{out}_float", f"{out}_scale"], out)

    def _gather_across(self, node: onnx.NodeProto) -> None:
        """Look embeddings up among the columns of the output weights, which are kept once."""
        out = node.output[0]
        integers, scale = self._weight(self._turned[node.input[0]].input[0])
        self._add("Gather", [integers, node.input[1]], f"{out}_columns", axis=1)
        self._add("Transpose", [f"{out}_columns"], f"{out}_int8", perm=[1, 2, 0])
        self._add("Gather", [scale, node.input[1]], f"{out}_flat_scale", axis=0)
        self._add("Unsqueeze", [f"{out}_flat_scale", "int8_last_axis"], f"{out}_scale")
        self._add("Cast", [f"{out}_int8"], f"{out}_float", to=TensorProto.FLOAT)
        self._add("Mul", [f"{out}_float", f"{out}_scale"], out)

    def _keep_additions(self) -> None:
        """Hide additions in front of a normalisation from ONNX Runtime's fusion.

        Its fused SkipLayerNormalization takes five times as long on a CPU as the two apart.
        """
        normalised = {node.input[0] for node in self._nodes if node.op_type == "LayerNormalization"}
        for node in self._nodes:
            if node.op_type == "Add" and node.output[0] in normalised:
                node.op_type = "Sum"

    def _constant(self, name: str, value: NDArray[np.generic]) -> None:
        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(value, name)
            self._graph.initializer.append(self._weights[name])

    def _add(self, op: str, inputs: list[str], output: str, **attributes: int | list[int]) -> None:
        node = helper.make_node(op, inputs, [output], name=output)
        node.domain = CONTRIB if op == "MatMulIntegerToFloat" else ""
        node.attribute.extend(helper.make_attribute(*pair) for pair in attributes.items())
        self._nodes.append(node)

    def _drop_replaced(self) -> None:
        read = {name for node in self._graph.node for name in node.input}
        for name, turn in self._turned.items():
            if name not in read:
                self._graph.node.remove(turn)
        read = {name for node in self._graph.node for name in node.input}
        kept = [w for w in self._graph.initializer if w.name in read]
        del self._graph.initializer[:]
        self._graph.initializer.extend(kept)


def quantise(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return an int8 copy of a float model, with weights of seven bits."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    quantise_in_place(copy, SEVEN_BITS)
    return copy


def quantise_in_place(model: onnx.ModelProto, levels: int) -> None:
    """Make a float model an int8 one.

    Args:
        model: with all its weights inside.
        levels: the largest weight, `SEVEN_BITS` or `EIGHT_BITS`.
    """
    Quantizer(model.graph, levels).rewrite()
    if not any(opset.domain == CONTRIB for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(CONTRIB, 1))


def _scales(values: NDArray[np.float32], *, axis: int, levels: int) -> NDArray[np.float32]:
    largest = np.abs(values).max(axis=axis, keepdims=True)
    scales: NDArray[np.float32] = np.maximum(largest / levels, 1e-12).astype(np.float32)
    return scales


def _rounded(values: NDArray[np.floating], levels: int) -> NDArray[np.int8]:
    rounded: NDArray[np.int8] = np.clip(np.rint(values), -levels, levels).astype(np.int8)
    return rounded
