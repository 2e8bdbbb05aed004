"""Readers of the public sets, one module a task; each maps its set's labels to ours.

A reader takes the folder of its set and yields rows. Sets whose licence does not clearly let
weights be passed on (RTE, SciTail, MPE, JOCI) have no reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.corpus.row import Row

Reader = Callable[[Path], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class RowSet:
    """One set: where it lies, what may be done with it, and how it is read."""

    folder: str
    """Inside the folder of public data; empty for rows that are made here."""
    licence: str
    source: str
    read: Reader
    most: int | None = None
    """Rows taken at most, spread over the set, so that no set drowns the others."""


SetsByName = Mapping[str, RowSet]
