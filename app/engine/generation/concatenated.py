"""Stepping graphs that return a new cache from every run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.engine.generation.packs import Pack
from app.engine.generation.rows import CHUNK, Row, best_lender, round_up
from app.engine.generation.stepper import Bounds, CacheLost, Logits
from app.engine.graphs import DecoderLayout
from app.errors import Overloaded
from app.runtime import Graph, Interrupt

KEPT = 4
"""Prompts of sequences that have ended, kept for others to copy from."""
KEPT_SHARE = 8
"""They may take one part in so many of the memory."""


class ConcatenatedStepper:
    """A pack for each row that reads, and one for all that write.

    Rows that join or leave change the order; the next run packs the cache anew. If the graph does
    not know padding, rows of different lengths cannot run together: then each one keeps its pack.
    """

    def __init__(self, graph: Graph, layout: DecoderLayout, bounds: Bounds) -> None:
        self._graph = graph
        self._layout = layout
        self._max_slots = bounds.slots
        max_tokens = bounds.kv_bytes // layout.kv_bytes_per_token
        self._max_kept = max_tokens // KEPT_SHARE
        self._max_tokens = (max_tokens - self._max_kept) // 2  # a run reads one half, writes one
        self.max_length = min(bounds.length, self._max_tokens // CHUNK * CHUNK)
        self._packs: dict[Row, Pack] = {}
        self._writing: list[Row] = []
        self._kept: dict[Row, Pack] = {}

    @property
    def kv_bytes(self) -> int:
        """See Stepper."""
        packs = {id(pack): pack for pack in (*self._packs.values(), *self._kept.values())}
        return sum(pack.nbytes for pack in packs.values())

    def fits(self, rows: Sequence[Row]) -> bool:
        """See Stepper."""
        longest = max((round_up(row.most) for row in rows), default=0)
        return len(rows) <= self._max_slots and len(rows) * longest <= self._max_tokens

    def open(self, row: Row) -> None:
        """See Stepper."""
        self._packs[row] = Pack(self._graph, self._layout, [row])

    def read(self, row: Row, interrupt: Interrupt) -> Logits | None:
        """See Stepper."""
        try:
            self._borrow(row)
            logits = self._packs[row].run(row.chunk[None], interrupt)
        except MemoryError as error:
            raise Overloaded("There is not enough memory for another sequence.") from error
        return None if row.num_unread else logits

    def join(self, row: Row) -> None:
        """See Stepper."""
        self._writing.append(row)

    def write(
        self, tokens: Sequence[int], interrupt: Interrupt, enough: int | None = None
    ) -> Logits:
        """See Stepper."""
        columns = np.array(tokens, dtype=np.int64)[:, None]
        try:
            if not self._layout.is_paddable:
                return self._write_apart(columns, interrupt)
            return self._packed().run(columns, interrupt)
        except MemoryError as error:
            raise CacheLost from error

    def leave(self, row: Row, *, is_sound: bool = True) -> None:
        """See Stepper."""
        if row in self._writing:
            place, last = self._writing.index(row), self._writing.pop()
            if last is not row:
                self._writing[place] = last
        pack = self._packs.pop(row)
        if is_sound and row.num_lendable:
            self._keep(row, pack)

    def release(self) -> None:
        """See Stepper."""
        self._kept.clear()
        self._packs.clear()
        self._writing.clear()

    def _packed(self) -> Pack:
        """Return one pack of all rows that write, in their order."""
        rows = self._writing
        pack = self._packs[rows[0]]
        if pack.rows == rows:
            return pack
        packed = Pack(self._graph, self._layout, rows)
        packed.fill((self._packs[row], row, row.length) for row in rows)
        self._packs.update(dict.fromkeys(rows, packed))
        return packed

    def _write_apart(self, columns: np.ndarray, interrupt: Interrupt) -> Logits:
        """Run each row alone.

        A failed run leaves some rows a token further than others, so its caller ends them all.
        """
        pairs = zip(self._writing, columns, strict=True)
        return np.concatenate([self._packs[row].run(one[None], interrupt) for row, one in pairs])

    def _borrow(self, row: Row) -> None:
        """Copy what another row has read of the same prompt."""
        lender, shared = best_lender(row, (*self._packs, *self._kept))
        if lender:
            source = self._packs.get(lender) or self._kept[lender]
            pack = Pack(self._graph, self._layout, [row])
            pack.fill([(source, lender, shared)])
            self._packs[row] = pack
            row.num_reused += shared - row.length
            row.length = shared
            if lender in self._kept:  # the last one in the order has been used last
                self._kept[lender] = self._kept.pop(lender)

    def _keep(self, row: Row, pack: Pack) -> None:
        """Keep the prompt of a row that leaves; those used longest ago go."""
        length = row.num_lendable
        if length > self._max_kept:
            return
        copy = Pack(self._graph, self._layout, [row])
        copy.fill([(pack, row, length)])
        row.length = length
        self._kept[row] = copy
        while (
            len(self._kept) > KEPT
            or sum(kept.width for kept in self._kept.values()) > self._max_kept
        ):
            self._kept.pop(next(iter(self._kept)))
