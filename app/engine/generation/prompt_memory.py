"""The prompt that is being read, in full, where the slots keep bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from app.engine.generation.rows import Row
from app.engine.generation.stepper import CacheLost
from app.engine.graphs import DecoderLayout
from app.runtime import Buffer

MOST = 127
"""The largest byte."""


class PromptMemory:
    """One prompt's keys and values as floats; holds nothing for graphs whose cache is floats.

    A chunk is turned into bytes as soon as it has been read, and the floats become what the bytes
    say. So a slot says all there is to know: a row that waited for others, or copied its beginning,
    reads on as if it had not.
    """

    def __init__(self, layout: DecoderLayout) -> None:
        self._layout = layout
        self._row: Row | None = None
        self._length = 0
        self._full: list[np.ndarray] = []
        shape = (1, layout.num_kv_heads, 1, layout.head_dim)
        self._scales = [np.broadcast_to(scale, shape)[0] for scale in layout.kv_scales]

    @property
    def slots_worth(self) -> int:
        """How many slots take as much memory."""
        return len(self._scales) and 4 // self._layout.kv_dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Memory set aside."""
        return sum(full.nbytes for full in self._full)

    @property
    def buffers(self) -> list[Buffer]:
        """What a run that reads a prompt takes and writes, in the order of the layout's `past`."""
        return [Buffer.over(full) for full in self._full]

    @cached_property
    def unused(self) -> list[Buffer]:
        """What a run that writes tokens is given instead, and leaves alone."""
        shape = (1, self._layout.num_kv_heads, 1, self._layout.head_dim)
        return [Buffer.over(np.zeros(shape, dtype=np.float32))] * len(self._scales)

    def take(self, row: Row, slot: Sequence[Buffer], room: int) -> None:
        """Make ready for a row's next chunk: what its slot holds, in full.

        Raises:
            CacheLost: there is not enough memory.
        """
        if not self._scales:
            return
        is_new = not self._full or self._full[0].shape[2] != room
        if is_new:
            self._allocate(room)
        if is_new or row is not self._row or row.length != self._length:
            for full, scale, kept in zip(self._full, self._scales, slot, strict=True):
                np.multiply(
                    kept.array[0, :, : row.length],
                    scale,
                    out=full[0, :, : row.length],
                    casting="unsafe",
                )
        self._row, self._length = row, row.length

    def keep(self, slot: Sequence[Buffer], length: int) -> None:
        """Turn what has been read since `take`, up to a length, into the slot's bytes."""
        if not self._scales:
            return
        chunk = slice(self._length, length)
        for full, scale, kept in zip(self._full, self._scales, slot, strict=True):
            read = full[0, :, chunk]
            whole = np.clip(np.rint(read / scale), -MOST, MOST)
            kept.array[0, :, chunk] = whole
            np.multiply(whole, scale, out=read)
        self._length = length

    def clear(self) -> None:
        """Give the memory back."""
        self._full, self._row, self._length = [], None, 0

    def _allocate(self, room: int) -> None:
        self.clear()
        layout = self._layout
        try:
            shape = (1, layout.num_kv_heads, room, layout.head_dim)
            self._full = [np.zeros(shape, dtype=np.float32) for _ in self._scales]
        except MemoryError as error:
            raise CacheLost from error
