"""Copying memory where a graph runs."""

from __future__ import annotations

from collections.abc import Sequence
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
        self._is_on_gpu = is_on_gpu
        self._copies: dict[int, Graph] = {}
        self._pad = _open("Pad", dtype, ("source", "pads"), is_on_gpu=is_on_gpu)
        self._cut = _open("Slice", dtype, ("source", "starts", "ends"), is_on_gpu=is_on_gpu)
        self._clear = _open("ConstantOfShape", dtype, ("shape",), is_on_gpu=is_on_gpu)

    def copy_all(self, sources: Sequence[Buffer], targets: Sequence[Buffer]) -> None:
        """Copy each buffer into one of as many elements, all in one run."""
        graph = self._copying(len(sources))
        graph.run_bound(graph.bind(self._flat("source", sources), self._flat("target", targets)))

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

    def _copying(self, number: int) -> Graph:
        """Return a graph that copies so many buffers."""
        if number not in self._copies:
            from onnx import helper

            kind = helper.np_dtype_to_tensor_dtype(self._dtype)
            names = [(f"source{at}", f"target{at}") for at in range(number)]
            sources, targets = (
                [helper.make_tensor_value_info(pair[end], kind, [pair[0]]) for pair in names]
                for end in (0, 1)
            )
            nodes = [helper.make_node("Identity", [one], [other]) for one, other in names]
            self._copies[number] = open_small(nodes, sources, targets, is_on_gpu=self._is_on_gpu)
        return self._copies[number]

    def _flat(self, name: str, buffers: Sequence[Buffer]) -> dict[str, Buffer]:
        """Name buffers one after the other, each as a row of elements."""
        return {
            f"{name}{at}": buffer.shaped(buffer.nbytes // buffer.dtype.itemsize).seen_as(
                self._dtype
            )
            for at, buffer in enumerate(buffers)
        }

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
