"""One opened ONNX graph: running it, stopping it, and checking what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from app.bundles.manifest import Tensor
from app.errors import ModelFailed, ModelOutputInvalid, Overloaded
from app.runtime.binding import Bindings, Buffer
from app.runtime.distribution import import_onnxruntime
from app.runtime.turns import GPU

Arrays = Mapping[str, NDArray[Any]]

CUDA = "CUDAExecutionProvider"
ONLY_FATAL = 4
DTYPES = {"float": "float32", "double": "float64"}
"""ONNX Runtime's words for types, where numpy has others."""


class Interrupted(ModelFailed):
    """The run was stopped on purpose; nobody waits for its result."""


class Interrupt:
    """Stops a run from another thread; it ends at the next operator."""

    __slots__ = ("options",)

    def __init__(self) -> None:
        self.options = import_onnxruntime().RunOptions()
        self.options.log_severity_level = ONLY_FATAL
        # No CUDA graph. Unset, each bound run looks it up and catches an error, which takes longer
        # than binding everything anew.
        self.options.add_run_config_entry("gpu_graph_id", "-1")

    def set(self) -> None:
        """Stop the run that was given this interrupt, now or when it begins."""
        self.options.terminate = True

    @property
    def is_set(self) -> bool:
        """Whether the run is to stop."""
        return bool(self.options.terminate)


class Graph:
    """An opened graph. `run` may be called from many threads at once."""

    def __init__(self, ort_session: Any) -> None:
        self._session = ort_session
        self.is_on_gpu = CUDA in ort_session.get_providers()
        self._turn = GPU if self.is_on_gpu else nullcontext()
        self.inputs = tuple(map(_tensor, ort_session.get_inputs()))
        self.outputs = tuple(map(_tensor, ort_session.get_outputs()))
        self._names = [tensor.name for tensor in self.outputs]

    def run(self, feeds: Arrays, interrupt: Interrupt | None = None) -> dict[str, NDArray[Any]]:
        """Compute all outputs.

        Raises:
            Interrupted: `interrupt` was set.
            Overloaded: there was not enough memory.
            ModelFailed: ONNX Runtime refused the inputs or failed on the way.
        """
        interrupt = interrupt or Interrupt()
        try:
            with self._turn:
                values = self._session.run(self._names, dict(feeds), interrupt.options)
        except Exception as error:  # its errors have no base of their own
            raise _named(error, interrupt) from error
        return dict(zip(self._names, values, strict=True))

    def allocate(self, shape: Sequence[int], dtype: DTypeLike) -> Buffer:
        """Set memory aside where the graph runs."""
        return Buffer.empty(shape, dtype, "cuda" if self.is_on_gpu else "cpu")

    def bind(self, inputs: Mapping[str, Buffer], outputs: Mapping[str, Buffer]) -> Bindings:
        """Fix where inputs are read and outputs are written, for `run_bound`.

        Raises:
            ModelFailed: a name, type or shape is not the graph's.
        """
        try:
            return Bindings(self._session, inputs, outputs)
        except Exception as error:  # its errors have no base of their own
            raise ModelFailed from error

    def run_bound(self, bindings: Bindings, interrupt: Interrupt | None = None) -> None:
        """Compute all bound outputs in place. One set of bindings must not run twice at once.

        Raises:
            Interrupted: `interrupt` was set.
            Overloaded: there was not enough memory.
            ModelFailed: ONNX Runtime refused the inputs or failed on the way.
        """
        interrupt = interrupt or Interrupt()
        self._run_bound(bindings, interrupt.options, interrupt)

    def _run_bound(self, bindings: Bindings, options: Any, interrupt: Interrupt) -> None:
        try:
            with self._turn:
                self._session.run_with_iobinding(bindings.io, options)
        except Exception as error:  # its errors have no base of their own
            raise _named(error, interrupt) from error


def checked(values: NDArray[Any], *shape: int) -> NDArray[np.float32]:
    """Return an output as float32.

    Raises:
        ModelOutputInvalid: it has another shape, or holds NaN or Inf.
    """
    if values.shape != shape or not np.isfinite(values).all():
        raise ModelOutputInvalid
    return values.astype(np.float32, copy=False)


def _tensor(node: Any) -> Tensor:
    dtype = node.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple("" if dim is None else dim for dim in node.shape)
    return Tensor(name=node.name, dtype=DTYPES.get(dtype, dtype), shape=shape)


def _named(error: Exception, interrupt: Interrupt) -> ModelFailed | Overloaded:
    if interrupt.is_set:
        return Interrupted()
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return Overloaded("The model ran out of memory on this request.")
    return ModelFailed()


def first_line(error: Exception) -> str:
    """Return the beginning of what ONNX Runtime says."""
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
