"""Running a graph on memory that was set aside before: nothing is allocated or copied per run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from app.runtime.distribution import import_onnxruntime
from app.runtime.turns import GPU

Device = Literal["cpu", "cuda"]
BFLOAT16 = 16
"""Its number among ONNX's types: numpy has no such type of its own."""


class Buffer:
    """Memory of one type and shape at a fixed address: main memory, or the GPU's.

    Views (`rows`, `shaped`) are further buffers over the same memory and keep it alive.
    """

    __slots__ = ("_owner", "address", "device", "dtype", "shape")

    def __init__(
        self,
        owner: Any,
        address: int,
        shape: Sequence[int],
        dtype: DTypeLike,
        device: Device = "cpu",
    ) -> None:
        self._owner = owner
        self.address = address
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.device = device

    @classmethod
    def over(cls, array: NDArray[Any]) -> Self:
        """Use an array's own memory; what is written to one is seen in the other.

        Raises:
            ValueError: its elements do not lie one after the other.
        """
        if not array.flags.c_contiguous:
            raise ValueError("only a C-contiguous array can be bound")
        return cls(array, array.ctypes.data, array.shape, array.dtype)

    @classmethod
    def empty(cls, shape: Sequence[int], dtype: DTypeLike, device: Device = "cpu") -> Self:
        """Set memory aside: zeros in main memory (taken page by page as it is used), or the GPU."""
        if device == "cpu":
            return cls.over(np.zeros(shape, dtype=dtype))
        ort = import_onnxruntime()
        with GPU:
            value = ort.OrtValue.ortvalue_from_shape_and_type(
                list(shape), _element_type(np.dtype(dtype)), device
            )
        return cls(value, value.data_ptr(), shape, dtype, device)

    @property
    def nbytes(self) -> int:
        """Its size."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def array(self) -> NDArray[Any]:
        """The memory as an array; main memory only.

        Raises:
            TypeError: it lies on the GPU.
        """
        if not isinstance(self._owner, np.ndarray):
            raise TypeError("this memory lies on the GPU: use read and write")
        flat = self._owner.reshape(-1)
        start = (self.address - self._owner.ctypes.data) // self.dtype.itemsize
        found: NDArray[Any] = flat[start : start + prod(self.shape)].reshape(self.shape)
        return found

    def rows(self, first: int, count: int) -> Buffer:
        """Return `count` entries of the first axis."""
        if not 0 <= first <= first + count <= self.shape[0]:
            raise ValueError("these rows do not exist")
        size = self.nbytes // self.shape[0] if self.shape[0] else 0
        shape = (count, *self.shape[1:])
        return Buffer(self._owner, self.address + first * size, shape, self.dtype, self.device)

    def shaped(self, *shape: int) -> Buffer:
        """Return its first elements in another shape."""
        if prod(shape) > prod(self.shape):
            raise ValueError("that shape needs more memory")
        return Buffer(self._owner, self.address, shape, self.dtype, self.device)

    def seen_as(self, dtype: DTypeLike) -> Buffer:
        """Return the same bytes as elements of another type of the same size."""
        if np.dtype(dtype).itemsize != self.dtype.itemsize:
            raise ValueError("that type has another size")
        return Buffer(self._owner, self.address, self.shape, dtype, self.device)

    def write(self, values: NDArray[Any]) -> None:
        """Fill the whole buffer; on the GPU, not for views."""
        if self.device == "cpu":
            self.array[...] = values
        else:
            with GPU:
                self._whole().update_inplace(np.ascontiguousarray(values, dtype=self.dtype))

    def read(self) -> NDArray[Any]:
        """Return the values: the memory itself, or a copy of the GPU's (not for views)."""
        if self.device == "cpu":
            return self.array
        with GPU:
            copied: NDArray[Any] = self._whole().numpy()
        return copied

    def _whole(self) -> Any:
        if self.address != self._owner.data_ptr() or list(self.shape) != self._owner.shape():
            raise ValueError("memory on the GPU is read and written whole")
        return self._owner


class Bindings:
    """A graph's inputs and outputs at fixed addresses; made once, run many times."""

    def __init__(
        self, ort_session: Any, inputs: Mapping[str, Buffer], outputs: Mapping[str, Buffer]
    ) -> None:
        self._held = (dict(inputs), dict(outputs))  # keeps the memory alive
        self.io = ort_session.io_binding()
        for name, buffer in inputs.items():
            self.io.bind_input(name, *_place(buffer))
        for name, buffer in outputs.items():
            self.io.bind_output(name, *_place(buffer))


def _place(buffer: Buffer) -> tuple[str, int, Any, list[int], int]:
    kind = _element_type(buffer.dtype)
    return buffer.device, 0, kind, list(buffer.shape), buffer.address


def _element_type(dtype: np.dtype[Any]) -> Any:
    return BFLOAT16 if dtype.name == "bfloat16" else dtype.type
