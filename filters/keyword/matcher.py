"""Find many keys in one pass over a text (Aho and Corasick 1975)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick

Value = TypeVar("Value")

BLOCK = 65_536
"""Characters searched at once: a text that is nothing but keys must not take all memory."""


class Matcher(Generic[Value]):
    """Keys with their values, ready to be looked for; may be empty."""

    def __init__(self, entries: Mapping[str, Value]) -> None:
        self.longest = max(map(len, entries), default=0)
        self._values = list(entries.values())
        self._automaton = AhoCorasick(entries, store_patterns=False)
        self._sorted = sorted(entries)

    def occurrences(self, text: str) -> Iterator[tuple[int, int, Value]]:
        """Yield start, end and value of every key in the text, also of overlapping ones."""
        if not self.longest:
            return
        for at in range(0, len(text), BLOCK):
            begin = max(0, at - self.longest + 1)
            block = text[begin : at + BLOCK]
            for number, start, end in self._automaton.find_matches_as_indexes(
                block, overlapping=True
            ):
                if begin + end > at:  # else the block before held it
                    yield begin + start, begin + end, self._values[number]

    def has_key_from(self, beginning: str) -> bool:
        """Whether some key begins so."""
        at = bisect_left(self._sorted, beginning)
        return at < len(self._sorted) and self._sorted[at].startswith(beginning)
