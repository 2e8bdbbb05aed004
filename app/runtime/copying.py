"""Copying memory where a graph runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.runtime.binding import Buffer
from app.runtime.graph import Graph
from app.runtime.small_graphs import open_small

TYPES = {2: np.float16, 4: np.float32}
"""What elements are copied as: the operators do not know every type, but any two of a size will do."""


class Copier:
    """Copies, fits and clears buffers whose elements have one size.

    Args:
        itemsize: of all buffers; 2 or 4.
        is_on_gpu: where they lie.
    """

    def __init__(self, itemsize: int, *, is_on_gpu: bool) -> None:
        self._dtype = dtype = np.dtype(TYPES[itemsize])
        self._copy = _open("Identity", dtype, ("source",), is_on_gpu=is_on_gpu)
        self._pad = _open("Pad", dtype, ("source", "pads"), is_on_gpu=is_on_gpu)
        self._cut = _open("Slice", dtype, ("source", "starts", "ends"), is_on_gpu=is_on_gpu)
        self._clear = _open("ConstantOfShape", dtype, ("shape",), is_on_gpu=is_on_gpu)

    def copy(self, source: Buffer, target: Buffer) -> None:
        """Copy all elements; there are as many in both."""
        size = source.nbytes // source.dtype.itemsize
        self._run(self._copy, target.shaped(size), source=source.shaped(size))

    def fit(self, source: Buffer, target: Buffer) -> None:
        """Copy [rows, length, width] into another length: what is too much is cut off.

        What is missing is filled with zeros.
        """
        more = target.shape[1] - source.shape[1]
        if more >= 0:
            self._run(self._pad, target, source=source, pads=_numbers(0, 0, 0, 0, more, 0))
        else:
            starts, ends = _numbers(0, 0, 0), _numbers(*target.shape)
            self._run(self._cut, target, source=source, starts=starts, ends=ends)

    def clear(self, target: Buffer) -> None:
        """Fill with zeros."""
        size = target.nbytes // target.dtype.itemsize
        self._run(self._clear, target.shaped(size), shape=_numbers(size))

    def _run(self, graph: Graph, target: Buffer, **inputs: Buffer) -> None:
        if "source" in inputs:
            inputs["source"] = inputs["source"].seen_as(self._dtype)
        graph.run_bound(graph.bind(inputs, {"target": target.seen_as(self._dtype)}))


def _numbers(*values: int) -> Buffer:
    return Buffer.over(np.array(values, dtype=np.int64))


def _open(kind: str, dtype: np.dtype[Any], names: tuple[str, ...], *, is_on_gpu: bool) -> Graph:
    """Open a graph of one node."""
    from onnx import TensorProto, helper

    wanted = helper.np_dtype_to_tensor_dtype(dtype)
    kinds = {name: wanted if name == "source" else TensorProto.INT64 for name in names}
    zero = {"value": helper.make_tensor("zero", wanted, [1], [0])}
    node = helper.make_node(kind, names, ["target"], **(zero if kind == "ConstantOfShape" else {}))
    inputs = [helper.make_tensor_value_info(name, kinds[name], None) for name in names]
    target = helper.make_tensor_value_info("target", wanted, None)
    return open_small([node], inputs, [target], is_on_gpu=is_on_gpu)
