"""The cache's memory for graphs that return a new cache from every run."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.generation.rows import CHUNK, Row, round_up
from app.engine.generation.stepper import Logits
from app.engine.graphs import DecoderLayout, PositionIds
from app.engine.graphs.layout import (
    ATTENTION_MASK,
    CACHE_BRANCH,
    INPUT_IDS,
    LAST_TOKEN,
    LOGITS,
    POSITION_IDS,
)
from app.runtime import Buffer, Graph, Interrupt


class Pack:
    """Rows that run together, padded on the left to the longest.

    Each tensor has two stretches of memory: a run reads one and writes the other. They lie in
    main memory also if the graph runs elsewhere, because rows move in them.
    """

    def __init__(self, graph: Graph, layout: DecoderLayout, rows: Iterable[Row] = ()) -> None:
        self._graph = graph
        self._layout = layout
        self.rows = list(rows)
        self.width = 0
        """Tokens of the longest row."""
        self._read: list[Buffer] = []
        self._written: list[Buffer] = []

    @property
    def nbytes(self) -> int:
        """Memory set aside."""
        return sum(buffer.nbytes for buffer in (*self._read, *self._written))

    def content(self, row: Row, number: int, length: int) -> NDArray[Any]:
        """Return the first tokens of a row in one tensor: [heads, length, head_dim]."""
        start = self.width - row.length
        whole = self._read[number].shaped(*self._shape(self.width)).array
        found: NDArray[Any] = whole[self.rows.index(row), :, start : start + length]
        return found

    def fill(self, sources: Iterable[tuple[Pack, Row, int]]) -> None:
        """Take over rows of other packs, so many of their tokens; one source for each own row."""
        sources = list(sources)
        self.width = max(length for _, _, length in sources)
        self._read, self._written = [], []
        for number in range(len(self._layout.past)):
            buffer = self._new(self._room(self.width))
            target = buffer.shaped(*self._shape(self.width)).array
            for place, (pack, row, length) in enumerate(sources):
                target[place, :, self.width - length :] = pack.content(row, number, length)
            self._read.append(buffer)

    def run(self, tokens: NDArray[np.int64], interrupt: Interrupt) -> Logits:
        """Read [rows, new tokens] behind what is cached; return logits [rows, vocabulary].

        Raises:
            Interrupted: `interrupt` was set.
            Overloaded: there was not enough memory.
            ModelFailed: the graph could not be run.
        """
        layout, past = self._layout, self.width
        total = past + tokens.shape[1]
        self._make_room(total)
        logits = np.empty((len(tokens), layout.vocab_size), dtype=np.float32)
        before = [buffer.shaped(*self._shape(past)) for buffer in self._read]
        after = [buffer.shaped(*self._shape(total)) for buffer in self._written]
        inputs = {name: Buffer.over(values) for name, values in self._inputs(tokens).items()}
        bindings = self._graph.bind(
            inputs | dict(zip(layout.past, before, strict=True)),
            {LOGITS: Buffer.over(logits), **dict(zip(layout.present, after, strict=True))},
        )
        self._graph.run_bound(bindings, interrupt)
        self._read, self._written = self._written, self._read
        self.width = total
        for row in self.rows:
            row.length += tokens.shape[1]
        return logits

    def _inputs(self, tokens: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        layout, (num_rows, new) = self._layout, tokens.shape
        lengths = np.array([row.length for row in self.rows])[:, None]
        found: dict[str, NDArray[Any]] = {
            INPUT_IDS: np.ascontiguousarray(tokens),
            LAST_TOKEN: np.full((num_rows, 1), new - 1, dtype=np.int64),
        }
        if layout.has_attention_mask:
            places = np.arange(self.width + new)
            found[ATTENTION_MASK] = (places >= self.width - lengths).astype(np.int64)
        if layout.position_ids is not PositionIds.NONE:
            positions = lengths + np.arange(new)
            is_flat = layout.position_ids is PositionIds.TWO_D
            found[POSITION_IDS] = positions if is_flat else np.stack([positions] * 3)
        if layout.has_cache_branch:
            found[CACHE_BRANCH] = np.array([self.width > 0])
        return found

    def _make_room(self, total: int) -> None:
        """Have memory for so many tokens a row; what is cached stays."""
        size = prod(self._shape(total))
        if not self._read or self._read[0].shape[0] < size:
            used = prod(self._shape(self.width))
            room = self._room(total)
            for number in range(len(self._layout.past)):
                buffer = self._new(room)
                if self._read and used:
                    buffer.shaped(used).array[...] = self._read[number].shaped(used).array
                self._read[number : number + 1] = [buffer]
            self._written = []
        if not self._written:
            flat = self._read[0].shape
            self._written = [Buffer.empty(flat, self._layout.kv_dtype) for _ in self._read]

    def _room(self, total: int) -> int:
        """Return tokens to set aside for each row: a power of two, no more than any row needs."""
        doubled = 1 << (max(total, 2 * CHUNK) - 1).bit_length()
        return max(total, min(doubled, round_up(max(row.most for row in self.rows))))

    def _new(self, room: int) -> Buffer:
        return Buffer.empty((prod(self._shape(room)),), self._layout.kv_dtype)

    def _shape(self, length: int) -> tuple[int, int, int, int]:
        return len(self.rows), self._layout.num_kv_heads, length, self._layout.head_dim
