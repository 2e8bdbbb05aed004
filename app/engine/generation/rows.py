"""A sequence's place in the cache, and what its prompt has in common with others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHUNK = 64
"""Tokens of a prompt that are read at once. Where chunks begin depends on the prompt alone: with
other chunks, or other neighbours' chunks, the rounding of a quantised model could differ."""


@dataclass(eq=False, slots=True)
class Row:
    """What the cache holds of one sequence."""

    prompt: NDArray[np.int64]
    most: int
    """Tokens it may come to have, completion included."""
    length: int = 0
    """Tokens whose keys and values are in the cache."""
    num_reused: int = 0
    """Of them, how many were copied from another row."""
    slot: int = -1
    used_at: int = 0
    """When it was used last, in any steady unit."""

    @property
    def num_unread(self) -> int:
        """Tokens of the prompt that are still to be read."""
        return max(0, len(self.prompt) - self.length)

    @property
    def chunk(self) -> NDArray[np.int64]:
        """The next tokens of the prompt to read."""
        return self.prompt[self.length : self.length + CHUNK]

    @property
    def num_lendable(self) -> int:
        """Tokens that another row may copy: whole chunks of the prompt."""
        return _whole_chunks(min(self.length, len(self.prompt)))


def new_row(prompt: Sequence[int], most: int) -> Row:
    """Make the row of a sequence that has not begun."""
    return Row(np.asarray(prompt, dtype=np.int64), most)


def best_lender(row: Row, others: Iterable[Row]) -> tuple[Row | None, int]:
    """Return the row to copy from and how many tokens, if that brings this row further.

    One token at least stays to be read: the next token's logits come from it.
    """
    lender, most = None, row.length
    limit = _whole_chunks(len(row.prompt) - 1)
    for other in others:
        shared = _num_shared(row, other, limit)
        if other is not row and shared > most:
            lender, most = other, shared
    return lender, most


def round_up(number: int, unit: int = CHUNK) -> int:
    """Return the next multiple."""
    return -(-number // unit) * unit


def _num_shared(row: Row, other: Row, limit: int) -> int:
    most = min(limit, other.num_lendable)
    same = row.prompt[:most] == other.prompt[:most]
    return most if same.all() else _whole_chunks(int(same.argmin()))


def _whole_chunks(number: int) -> int:
    return number // CHUNK * CHUNK
