"""Stepping graphs that write into the cache (GroupQueryAttention with past and present in one)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import numpy as np

from app.engine.generation.candidates import Candidates
from app.engine.generation.prompt_memory import PromptMemory
from app.engine.generation.rows import CHUNK, Row, best_lender, round_up
from app.engine.generation.slots import HostMover, Mover, SlotMemory
from app.engine.generation.stepper import Bounds, Logits
from app.engine.graphs import DecoderLayout
from app.engine.graphs.layout import (
    INPUT_IDS,
    IS_PROMPT,
    LAST_TOKEN,
    LOGITS,
    SEQLENS,
    TOTAL_LENGTH,
)
from app.runtime import Bindings, Buffer, Graph, Interrupt

FIRST_SLOTS = 4
"""Set aside at the beginning; also what keeps prompts of sequences that have ended."""
FIRST_ROOM = 2 * CHUNK


class SharedStepper:
    """Slots in this order: those that write, those that read, those that lend what they have.

    So the ones that write are one stretch of memory, and one set of bindings for each number of
    them serves all steps.
    """

    def __init__(
        self, graph: Graph, layout: DecoderLayout, bounds: Bounds, mover: Mover | None = None
    ) -> None:
        self._graph = graph
        self._layout = layout
        self._max_slots = bounds.slots
        self._max_tokens = bounds.kv_bytes // layout.kv_bytes_per_token
        self._memory = SlotMemory(graph, layout, mover or HostMover())
        self._prompts = PromptMemory(layout)
        most = self._max_tokens // (1 + self._prompts.slots_worth)
        self.max_length = min(bounds.length, most // CHUNK * CHUNK)
        self._rows: list[Row | None] = []
        self._num_writing = 0
        self._num_active = 0
        self._clock = count()
        self._tokens = np.zeros((bounds.slots, 1), dtype=np.int64)
        self._seqlens = np.zeros(bounds.slots, dtype=np.int32)
        self._total = np.zeros(1, dtype=np.int32)
        self._last = np.zeros((bounds.slots, 1), dtype=np.int64)
        self._logits = np.zeros((bounds.slots, layout.vocab_size), dtype=np.float32)
        self._bindings: dict[int, Bindings] = {}

    @property
    def kv_bytes(self) -> int:
        """See Stepper."""
        return self._memory.nbytes + self._prompts.nbytes

    def fits(self, rows: Sequence[Row]) -> bool:
        """See Stepper."""
        longest = max((round_up(row.most) for row in rows), default=0)
        return len(rows) <= self._max_slots and self._is_within(len(rows), longest)

    def open(self, row: Row) -> None:
        """See Stepper."""
        self._make_room(self._num_active + 1, len(row.prompt) + 1)
        free = self._slot_to_give(row)
        found = self._rows[free]
        lender, shared = best_lender(row, [found] if found else [])
        row.length = row.num_reused = shared if lender else 0
        row.slot, self._rows[free] = free, row
        self._exchange(row.slot, self._num_active)
        self._num_active += 1

    def read(self, row: Row, interrupt: Interrupt) -> Logits | None:
        """See Stepper."""
        self._borrow(row)
        chunk = row.chunk
        length = row.length + len(chunk)
        self._make_room(self._num_active, length)
        slot = self._memory.rows(row.slot, 1)
        self._prompts.take(row, slot, self._memory.room)
        logits = np.empty((1, self._layout.vocab_size), dtype=np.float32)
        fed: dict[str, np.ndarray] = {
            INPUT_IDS: chunk[None],
            SEQLENS: np.array([length - 1], dtype=np.int32),
            TOTAL_LENGTH: np.array([length], dtype=np.int32),
            LAST_TOKEN: np.array([[len(chunk) - 1]]),
        }
        bindings = self._bind(row.slot, fed, logits, is_prompt=True)
        self._graph.run_bound(bindings, interrupt)
        self._prompts.keep(slot, length)
        row.length, row.used_at = length, next(self._clock)
        return None if row.num_unread else logits

    def join(self, row: Row) -> None:
        """See Stepper."""
        self._exchange(row.slot, self._num_writing)
        self._num_writing += 1

    def write(
        self, tokens: Sequence[int], interrupt: Interrupt, enough: int | None = None
    ) -> Logits | Candidates:
        """See Stepper."""
        rows, n = list(self._known(0, self._num_writing)), self._num_writing
        lengths = [row.length for row in rows]
        longest = max(lengths) + 1
        self._make_room(self._num_active, longest)
        self._tokens[:n, 0] = tokens
        self._seqlens[:n] = lengths
        self._total[0] = longest
        if n not in self._bindings:
            fed: dict[str, np.ndarray] = {
                INPUT_IDS: self._tokens[:n],
                SEQLENS: self._seqlens[:n],
                TOTAL_LENGTH: self._total,
                LAST_TOKEN: self._last[:n],
            }
            self._bindings[n] = self._bind(0, fed, self._logits[:n])
        self._graph.run_bound(self._bindings[n], interrupt)
        for row in rows:
            row.length += 1
        return self._logits[:n]

    def leave(self, row: Row, *, is_sound: bool = True) -> None:
        """See Stepper."""
        row.length = row.num_lendable if is_sound else 0
        row.used_at = next(self._clock)
        if row.slot < self._num_writing:
            self._num_writing -= 1
            self._exchange(row.slot, self._num_writing)
        self._num_active -= 1
        self._exchange(row.slot, self._num_active)
        if not row.length:
            self._rows[row.slot] = None

    def release(self) -> None:
        """See Stepper."""
        self._rows = []
        self._num_writing = self._num_active = 0
        self._bindings.clear()
        self._memory.clear()
        self._prompts.clear()

    def _slot_to_give(self, row: Row) -> int:
        """Return a slot behind the active ones: an empty one, or the lender used longest ago.

        The best lender for the row itself goes last; the row then takes its content over.
        """
        free = range(self._num_active, len(self._rows))
        for slot in free:
            if self._rows[slot] is None:
                return slot
        lenders = list(self._known(self._num_active, len(self._rows)))
        best, _ = best_lender(row, lenders)
        others = [lender for lender in lenders if lender is not best] or lenders
        return min(others, key=lambda lender: lender.used_at).slot

    def _borrow(self, row: Row) -> None:
        """Copy what another row has read of the same prompt."""
        lender, shared = best_lender(row, self._known(0, len(self._rows)))
        if lender:
            self._memory.copy(lender.slot, row.slot, shared)
            lender.used_at = next(self._clock)
            row.num_reused += shared - row.length
            row.length = shared

    def _exchange(self, one: int, other: int) -> None:
        """Swap two slots with all that is in them."""
        first, second = self._rows[one], self._rows[other]
        self._memory.exchange(
            one, other, first.length if first else 0, second.length if second else 0
        )
        self._rows[one], self._rows[other] = second, first
        if first:
            first.slot = other
        if second:
            second.slot = one

    def _known(self, first: int, end: int) -> Iterator[Row]:
        return (row for row in self._rows[first:end] if row)

    def _make_room(self, slots: int, room: int) -> None:
        """Grow the memory if it is too small, by doubling as far as the bound allows.

        Raises:
            CacheLost: there is not enough memory.
        """
        if slots <= self._memory.slots and room <= self._memory.room:
            return
        slots, room = self._size_for(slots, room)
        for lender in self._known(self._num_active, len(self._rows)):
            lender.length = min(lender.length, room)
        kept = [row.length if row else 0 for row in self._rows[:slots]]
        self._bindings.clear()
        self._memory.resize(slots, room, kept)
        self._rows = [*self._rows[:slots], *[None] * (slots - len(self._rows))]

    def _size_for(self, slots: int, room: int) -> tuple[int, int]:
        """Return slots and room: no less than now and doubled if all fits, else what is needed."""
        active = list(self._known(0, self._num_active))
        tight = round_up(max([room, *(max(row.length, len(row.prompt)) for row in active)]))
        most = round_up(self.max_length)
        generous = min(_doubled(self._memory.room or FIRST_ROOM, tight), most)
        wanted = min(_doubled(self._memory.slots or FIRST_SLOTS, slots), self._max_slots)
        for some, more in ((wanted, generous), (wanted, tight), (slots, generous)):
            if self._is_within(some, more):
                return some, more
        return slots, tight

    def _is_within(self, slots: int, room: int) -> bool:
        return (slots + self._prompts.slots_worth) * room <= self._max_tokens

    def _bind(
        self,
        first: int,
        fed: dict[str, np.ndarray],
        logits: np.ndarray,
        *,
        is_prompt: bool = False,
    ) -> Bindings:
        small = {name: Buffer.over(array) for name, array in fed.items()}
        return self._bind_to(first, small, Buffer.over(logits), is_prompt=is_prompt)

    def _bind_to(
        self, first: int, fed: Mapping[str, Buffer], logits: Buffer, *, is_prompt: bool = False
    ) -> Bindings:
        """Bind as many slots from `first` on as there are rows of logits."""
        layout, caches = self._layout, self._memory.rows(first, logits.shape[0])
        past = {**fed, **dict(zip(layout.past, caches, strict=True))}
        present = {LOGITS: logits, **dict(zip(layout.present, caches, strict=True))}
        if layout.prompt_past:
            past[IS_PROMPT] = Buffer.over(np.array([is_prompt]))
            full = self._prompts.buffers if is_prompt else self._prompts.unused
            past |= dict(zip(layout.prompt_past, full, strict=True))
            present |= dict(zip(layout.prompt_present, full, strict=True))
        return self._graph.bind(past, present)


def _doubled(size: int, least: int) -> int:
    """Double a size until it is enough."""
    while size < least:
        size *= 2
    return size
