"""Find many keys in one pass over a text (Aho and Corasick 1975)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np
from ahocorasick_rs import BytesAhoCorasick, Implementation

from filters._text.codes import Places
from filters._text.edges import Span

Value = TypeVar("Value")

BLOCK = 65_536
"""Characters searched at once: a text that is nothing but keys must not take all memory."""

LARGEST_TABLE = 8 * 1024 * 1024
"""Bytes of a table with a row for each state. Up to here its speed, three times that of compact
states, is worth the memory and the time to make it."""


class Matcher(Generic[Value]):
    """Keys with their values, ready to be looked for; may be empty."""

    def __init__(self, entries: Mapping[str, Value]) -> None:
        self.longest = max(map(len, entries), default=0)
        self._sorted = sorted(entries)
        self._values = [entries[key] for key in self._sorted]
        # Keys in order share their beginnings with their neighbours: a third less time to load.
        written = [key.encode() for key in self._sorted]
        self.is_table = _table_size(written) <= LARGEST_TABLE
        kind = Implementation.DFA if self.is_table else Implementation.ContiguousNFA
        self._automaton = BytesAhoCorasick(written, implementation=kind)

    def occurrences(self, text: str) -> Iterator[tuple[int, int, Value]]:
        """Yield start, end and value of every key in the text, also of overlapping ones."""
        if not self.longest:
            return
        for at in range(0, len(text), BLOCK):
            begin = max(0, at - self.longest + 1)
            for number, start, end in self._found(text[begin : at + BLOCK]):
                if begin + end > at:  # else the block before held it
                    yield begin + start, begin + end, self._values[number]

    def occurrences_within(
        self, text: str, stretches: Sequence[Span]
    ) -> Iterator[tuple[int, int, Value]]:
        """Yield start, end and value of every key that lies in one of some stretches of a text.

        No key may hold a line break.
        """
        joined = "\n".join([text[start:stop] for start, stop in stretches])
        begins = list(accumulate((stop - start + 1 for start, stop in stretches), initial=0))
        for start, end, value in self.occurrences(joined):
            number = bisect_right(begins, start) - 1
            shift = stretches[number][0] - begins[number]
            yield start + shift, end + shift, value

    def _found(self, text: str) -> Iterable[tuple[int, int, int]]:
        written = text.encode()
        found = self._automaton.find_matches_as_indexes(written, overlapping=True)
        if not found or text.isascii():
            return found
        places = _characters_before(written)
        return ((number, int(places[start]), int(places[end])) for number, start, end in found)

    def has_key_from(self, beginning: str) -> bool:
        """Whether some key begins so."""
        at = bisect_left(self._sorted, beginning)
        return at < len(self._sorted) and self._sorted[at].startswith(beginning)


def _table_size(written: Sequence[bytes]) -> int:
    """Return the most bytes of a table with four for each state and kind of byte."""
    letters = b"".join(written)
    kinds = len(set(letters)) + 1
    return 4 * (1 << (kinds - 1).bit_length()) * (len(letters) + 1)


def _characters_before(written: bytes) -> Places:
    """Return how many characters begin before each byte of a text in UTF-8, and at its end."""
    begins = np.frombuffer(written, dtype=np.int8) >= -64  # those that go on are 0x80 to 0xBF
    return np.concatenate(([0], np.cumsum(begins)))
