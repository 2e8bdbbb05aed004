"""The cache's memory for graphs that write into it: one slot a sequence, grown when it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.engine.generation.stepper import CacheLost
from app.engine.graphs import DecoderLayout
from app.runtime import Buffer, Copier, Graph


class Mover(Protocol):
    """Copies between slots; buffers are [slots, heads, room, head_dim], one for each tensor."""

    def copy(self, sources: Sequence[Buffer], targets: Sequence[Buffer], length: int) -> None:
        """Copy the first `length` tokens of one slot into another of the same shape."""

    def swap(self, ones: Sequence[Buffer], others: Sequence[Buffer], *lengths: int) -> None:
        """Exchange two slots that hold so many tokens each."""

    def widen(self, source: Buffer, target: Buffer, lengths: Sequence[int]) -> None:
        """Copy as many slots as `lengths` has into larger memory, so many tokens of each."""

    def release(self) -> None:
        """Give back what is kept for moving."""


class HostMover:
    """Moves main memory, and only the part that is in use."""

    def copy(self, sources: Sequence[Buffer], targets: Sequence[Buffer], length: int) -> None:
        """See Mover."""
        for source, target in zip(sources, targets, strict=True):
            target.array[:, :, :length] = source.array[:, :, :length]

    def swap(self, ones: Sequence[Buffer], others: Sequence[Buffer], *lengths: int) -> None:
        """See Mover."""
        of_one, of_other = lengths
        for one, other in zip(ones, others, strict=True):
            first, second = one.array, other.array
            kept = first[:, :, :of_one].copy()
            first[:, :, :of_other] = second[:, :, :of_other]
            second[:, :, :of_one] = kept

    def widen(self, source: Buffer, target: Buffer, lengths: Sequence[int]) -> None:
        """See Mover."""
        for slot, length in enumerate(lengths):
            target.array[slot, :, :length] = source.array[slot, :, :length]

    def release(self) -> None:
        """See Mover."""


class DeviceMover:
    """Moves the memory of a GPU: whole slots, because they cannot be reached token by token."""

    def __init__(self, copier: Copier) -> None:
        self._copier = copier
        self._spares: list[Buffer] = []

    def copy(self, sources: Sequence[Buffer], targets: Sequence[Buffer], length: int) -> None:
        """See Mover."""
        self._copier.copy_all(sources, targets)

    def swap(self, ones: Sequence[Buffer], others: Sequence[Buffer], *lengths: int) -> None:
        """See Mover."""
        if not self._spares:
            self._spares = [Buffer.empty(one.shape, one.dtype, one.device) for one in ones]
        for sources, targets in ((ones, self._spares), (others, ones), (self._spares, others)):
            self._copier.copy_all(sources, targets)

    def widen(self, source: Buffer, target: Buffer, lengths: Sequence[int]) -> None:
        """See Mover."""
        self._copier.clear(target)
        if count := len(lengths):
            _, heads, room, width = source.shape
            old = source.rows(0, count).shaped(count * heads, room, width)
            new = target.rows(0, count).shaped(count * heads, target.shape[2], width)
            self._copier.fit(old, new)

    def release(self) -> None:
        """See Mover."""
        self._spares = []


class SlotMemory:
    """Keys and values of all layers; each tensor is [slots, heads, room, head_dim]."""

    def __init__(self, graph: Graph, layout: DecoderLayout, mover: Mover) -> None:
        self._graph = graph
        self._layout = layout
        self._mover = mover
        self._tensors: list[Buffer] = []
        self.slots = 0
        self.room = 0
        """Tokens that each slot can hold."""
        self.num_moves = 0
        """How often it was resized or given back: what was bound before is void then."""

    @property
    def nbytes(self) -> int:
        """Memory set aside."""
        return self.slots * self.room * self._layout.kv_bytes_per_token

    def rows(self, first: int, count: int) -> list[Buffer]:
        """Return these slots' part of each tensor, in the order of the layout's `past`."""
        return [tensor.rows(first, count) for tensor in self._tensors]

    def resize(self, slots: int, room: int, lengths: Sequence[int] = ()) -> None:
        """Set other memory aside and take the first slots along, so many tokens of each.

        Tensor by tensor, so that all of the old and all of the new never exist together.

        Raises:
            CacheLost: there is not enough; nothing is left.
        """
        self._mover.release()
        self.num_moves += 1
        try:
            for number in range(len(self._layout.past)):
                self._grow(number, slots, room, lengths)
        except Exception as error:  # the GPU's has no type of its own
            self.clear()
            raise CacheLost from error
        self.slots, self.room = slots, room

    def clear(self) -> None:
        """Give everything back."""
        self._tensors = []
        self._mover.release()
        self.slots = self.room = 0
        self.num_moves += 1

    def _grow(self, number: int, slots: int, room: int, lengths: Sequence[int]) -> None:
        shape = (slots, self._layout.num_kv_heads, room, self._layout.head_dim)
        tensor = self._graph.allocate(shape, self._layout.kv_dtype)
        is_new = number >= len(self._tensors)
        old = tensor if is_new else self._tensors[number]
        self._mover.widen(old, tensor, () if is_new else lengths)
        self._tensors[number : number + 1] = [tensor]

    def copy(self, source: int, target: int, length: int) -> None:
        """Copy the first tokens of a slot into another."""
        self._mover.copy(self.rows(source, 1), self.rows(target, 1), length)

    def exchange(self, one: int, other: int, length_of_one: int, length_of_other: int) -> None:
        """Swap the contents of two slots; a length of 0 has no content."""
        if one == other or not (length_of_one or length_of_other):
            return
        if not length_of_one or not length_of_other:
            empty, full = (one, other) if length_of_other else (other, one)
            self.copy(full, empty, length_of_one or length_of_other)
            return
        firsts, seconds = self.rows(one, 1), self.rows(other, 1)
        self._mover.swap(firsts, seconds, length_of_one, length_of_other)
