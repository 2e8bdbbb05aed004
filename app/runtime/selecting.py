"""The largest values of each row, found where they lie, so that few numbers leave a GPU."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.runtime.binding import Bindings, Buffer
from app.runtime.graph import Graph
from app.runtime.small_graphs import open_small

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto, ValueInfoProto

MOST = 64
"""Values of one row that `largest` returns, where it has as many."""
ROWS, VALUES = "rows", "values"
Floats = NDArray[np.float32]
Places = NDArray[np.int64]


class Selector:
    """The graphs that select from rows of one width.

    Args:
        width: values in a row.
        is_on_gpu: where the rows lie.
    """

    def __init__(self, width: int, *, is_on_gpu: bool) -> None:
        self.width = width
        self.most = min(MOST, width)
        self._is_on_gpu = is_on_gpu

    @cached_property
    def first(self) -> Graph:
        """Gives the place of the largest value, of equals the first, and the sum of magnitudes."""
        from onnx import TensorProto, helper, numpy_helper

        # Which of equal values ArgMax takes is left to the hardware.
        behind = -np.arange(self.width, dtype=np.float32)
        constants = [
            numpy_helper.from_array(behind, "behind"),
            numpy_helper.from_array(np.array(-self.width, np.float32), "none"),
            numpy_helper.from_array(np.array([1]), "axis"),
        ]
        nodes = [
            helper.make_node("ReduceMax", [VALUES], ["top"], axes=[1], keepdims=1),
            helper.make_node("Equal", [VALUES, "top"], ["is_top"]),
            helper.make_node("Where", ["is_top", "behind", "none"], ["tops"]),
            helper.make_node("ReduceMax", ["tops"], ["nearest"], axes=[1], keepdims=0),
            helper.make_node("Neg", ["nearest"], ["place"]),
            helper.make_node("Cast", ["place"], ["places"], to=TensorProto.INT64),
            helper.make_node("Abs", [VALUES], ["magnitudes"]),
            helper.make_node("ReduceSum", ["magnitudes", "axis"], ["sums"], keepdims=0),
        ]
        outputs = [
            helper.make_tensor_value_info("places", TensorProto.INT64, [ROWS]),
            helper.make_tensor_value_info("sums", TensorProto.FLOAT, [ROWS]),
        ]
        return self._open(nodes, outputs, constants)

    @cached_property
    def largest(self) -> Graph:
        """Gives the `most` largest values with their places, and the sum of magnitudes."""
        from onnx import TensorProto, helper, numpy_helper

        constants = [
            numpy_helper.from_array(np.array([self.most]), "most"),
            numpy_helper.from_array(np.array([1]), "axis"),
        ]
        nodes = [
            helper.make_node("TopK", [VALUES, "most"], ["tops", "places"], axis=1),
            helper.make_node("Abs", [VALUES], ["magnitudes"]),
            helper.make_node("ReduceSum", ["magnitudes", "axis"], ["sums"], keepdims=0),
        ]
        outputs = [
            helper.make_tensor_value_info("tops", TensorProto.FLOAT, [ROWS, self.most]),
            helper.make_tensor_value_info("places", TensorProto.INT64, [ROWS, self.most]),
            helper.make_tensor_value_info("sums", TensorProto.FLOAT, [ROWS]),
        ]
        return self._open(nodes, outputs, constants)

    def _open(
        self,
        nodes: list[NodeProto],
        outputs: list[ValueInfoProto],
        constants: list[TensorProto],
    ) -> Graph:
        from onnx import TensorProto, helper

        values = helper.make_tensor_value_info(VALUES, TensorProto.FLOAT, [ROWS, self.width])
        return open_small(nodes, [values], outputs, constants, is_on_gpu=self._is_on_gpu)


class Selection:
    """What is selected from one buffer, [rows, width], as often as its contents change.

    Results are overwritten by the next call.
    """

    def __init__(self, selector: Selector, values: Buffer) -> None:
        rows = values.shape[0]
        self.width = selector.width
        self._selector = selector
        self._values = values
        self._sums = np.empty(rows, dtype=np.float32)
        self._place = np.empty(rows, dtype=np.int64)
        self._tops = np.empty((rows, selector.most), dtype=np.float32)
        self._places = np.empty((rows, selector.most), dtype=np.int64)

    def first(self) -> tuple[Places, Floats]:
        """Return the place of each row's largest value, of equals the first, and all magnitudes' sum.

        A sum that is not finite tells of a value that is not.
        """
        self._selector.first.run_bound(self._for_first)
        return self._place, self._sums

    def largest(self) -> tuple[Floats, Places, Floats]:
        """Return each row's largest values, the largest first, their places, and the sum.

        In which order equal values come, and which of the smallest ones, is left open.
        """
        self._selector.largest.run_bound(self._for_largest)
        return self._tops, self._places, self._sums

    @cached_property
    def _for_first(self) -> Bindings:
        return self._bind(self._selector.first, places=self._place, sums=self._sums)

    @cached_property
    def _for_largest(self) -> Bindings:
        graph = self._selector.largest
        return self._bind(graph, tops=self._tops, places=self._places, sums=self._sums)

    def _bind(self, graph: Graph, **outputs: NDArray[Any]) -> Bindings:
        bound = {name: Buffer.over(array) for name, array in outputs.items()}
        return graph.bind({VALUES: self._values}, bound)
