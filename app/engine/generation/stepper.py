"""How the engine reads prompts and writes tokens, whatever cache the graph has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.generation.candidates import Candidates
from app.engine.generation.rows import Row
from app.errors import Overloaded
from app.runtime import Interrupt

Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that a stepper may use."""

    slots: int
    """Sequences at once."""
    length: int
    """Tokens in one sequence."""
    kv_bytes: int
    """Memory for keys and values."""


class CacheLost(Overloaded):
    """There was not enough memory for a larger cache, and the old one is gone with all rows."""

    default_message = "The model ran out of memory on this request."


class Stepper(Protocol):
    """Rows of keys and values, and the two kinds of runs over them.

    A row is opened, reads its prompt chunk by chunk, joins those that write, and leaves. When one
    leaves, the last one to have joined takes its place in the order.
    """

    max_length: int
    """The most tokens a row may have."""

    @property
    def kv_bytes(self) -> int:
        """Memory set aside for keys and values."""

    def fits(self, rows: Sequence[Row]) -> bool:
        """Whether there is room for these rows at their longest, with nothing else."""

    def open(self, row: Row) -> None:
        """Give a row its place.

        Raises:
            CacheLost: there was not enough memory.
        """

    def read(self, row: Row, interrupt: Interrupt) -> Logits | None:
        """Read the next chunk of the prompt; return logits [1, vocabulary] behind the last one.

        What another row has read already is copied instead.

        Raises:
            Interrupted: `interrupt` was set.
            Overloaded: there was not enough memory for this row.
            CacheLost: there was not enough for the others either.
            ModelFailed: the graph could not be run.
        """

    def join(self, row: Row) -> None:
        """Let a row write; it is the last one."""

    def write(
        self, tokens: Sequence[int], interrupt: Interrupt, enough: int | None = None
    ) -> Logits | Candidates:
        """Give each joined row, in their order, its token; return the next tokens' logits.

        They are overwritten by the next call. Where they lie on a GPU and `enough` of the largest
        will do, only those may be returned.

        Raises:
            CacheLost: there was not enough memory.
            ModelFailed: the graph could not be run.
        """

    def leave(self, row: Row, *, is_sound: bool = True) -> None:
        """Free a row, wherever it is. If it is sound, others may copy its prompt for a while."""

    def release(self) -> None:
        """Give back all memory, and forget all rows."""
