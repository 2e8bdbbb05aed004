"""Stepping on a GPU: fixed memory for a few numbers of rows, and recorded steps over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.generation.candidates import Candidates, candidates
from app.engine.generation.rows import CHUNK, Row
from app.engine.generation.shared import SharedStepper
from app.engine.generation.slots import Mover
from app.engine.generation.stepper import Bounds, Logits
from app.engine.graphs import DecoderLayout
from app.engine.graphs.layout import INPUT_IDS, LAST_TOKEN, SEQLENS, TOTAL_LENGTH
from app.runtime import (
    Buffer,
    Graph,
    Interrupt,
    NotRecorded,
    Recording,
    RecordingGraph,
    Selection,
    Selector,
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Memory for a step of so many rows, and the run over it."""

    tokens: Buffer
    seqlens: Buffer
    logits: Buffer
    selection: Selection
    recording: Recording

    @property
    def size(self) -> int:
        """Rows of each of its steps."""
        return self.logits.shape[0]


class BucketStepper(SharedStepper):
    """Steps 1, 2, 4, 8, … rows at once, at addresses that stay until the cache moves.

    Where fewer rows write, the slots behind them idle along: what is written into them lies behind
    what they hold, and what they say is ignored. `total_sequence_length` is that of a full slot,
    whoever writes, so that one recording serves rows of any length; how long each is, the graph
    reads from the GPU's memory. Of the logits as few leave it as are needed.
    """

    def __init__(self, graph: Graph, layout: DecoderLayout, bounds: Bounds, mover: Mover) -> None:
        super().__init__(graph, layout, bounds, mover)
        self._recorder = graph if isinstance(graph, RecordingGraph) else None
        self._selector = Selector(layout.vocab_size, is_on_gpu=graph.is_on_gpu)
        self._buckets: dict[int, Bucket] = {}
        self._num_moves = 0

    def write(
        self, tokens: Sequence[int], interrupt: Interrupt, enough: int | None = None
    ) -> Logits | Candidates:
        """See Stepper."""
        rows, n = list(self._known(0, self._num_writing)), self._num_writing
        self._make_room(self._num_active, max(row.length for row in rows) + 1)
        size = self._size_of_step(n)
        given = np.zeros((size, 1), dtype=np.int64)
        given[:n, 0] = tokens
        bucket = self._step(size, given, interrupt)
        for row in rows:
            row.length += 1
        found = candidates(bucket.selection, n, enough) if enough else None
        return found or bucket.logits.read()[:n]

    def release(self) -> None:
        """See Stepper."""
        self._forget_buckets()
        super().release()

    def _size_of_step(self, rows: int) -> int:
        """Return the next power of two, as far as there are slots."""
        return min(1 << (rows - 1).bit_length(), self._memory.slots)

    def _step(self, size: int, tokens: NDArray[np.int64], interrupt: Interrupt) -> Bucket:
        """Run the graph over the first slots; if it cannot be recorded, without."""
        bucket = self._bucket(size)
        bucket.tokens.write(tokens)
        bucket.seqlens.write(self._places(size))
        if self._recorder is None or not self._recorder.records:
            self._graph.run_bound(bucket.recording.bindings, interrupt)
            return bucket
        try:
            self._recorder.replay(bucket.recording, interrupt)
        except NotRecorded:
            self._bindings.clear()
            self._buckets.clear()
            return self._step(size, tokens, interrupt)
        return bucket

    def _places(self, size: int) -> NDArray[np.int32]:
        """Return where each slot's token is written: behind what it holds."""
        return np.array([self._place(row) for row in self._rows[:size]], dtype=np.int32)

    def _place(self, row: Row | None) -> int:
        if row is None:
            return 0
        if row.length >= self._memory.room:  # one that lends and fills its slot gives a chunk up
            row.length = self._memory.room - CHUNK
        return row.length

    def _bucket(self, size: int) -> Bucket:
        if self._num_moves != self._memory.num_moves:
            self._forget_buckets()
            self._num_moves = self._memory.num_moves
        if size not in self._buckets:
            self._buckets[size] = self._new_bucket(size)
        return self._buckets[size]

    def _new_bucket(self, size: int) -> Bucket:
        tokens, seqlens, last, logits = (
            self._graph.allocate(shape, dtype)
            for shape, dtype in (
                ((size, 1), np.int64),
                ((size,), np.int32),
                ((size, 1), np.int64),
                ((size, self._layout.vocab_size), np.float32),
            )
        )
        last.write(np.zeros((size, 1), dtype=np.int64))
        total = np.array([min(self._memory.room, self.max_length)], dtype=np.int32)
        inputs = {
            INPUT_IDS: tokens,
            SEQLENS: seqlens,
            TOTAL_LENGTH: Buffer.over(total),
            LAST_TOKEN: last,
        }
        recording = Recording(self._bind_to(0, inputs, logits))
        return Bucket(tokens, seqlens, logits, Selection(self._selector, logits), recording)

    def _forget_buckets(self) -> None:
        """Drop what was made for memory that is elsewhere now."""
        for bucket in self._buckets.values():
            if self._recorder:
                self._recorder.forget(bucket.recording)
        self._buckets.clear()
