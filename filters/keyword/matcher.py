"""Find many keys in one pass over a text (Aho and Corasick 1975)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import ahocorasick

Value = TypeVar("Value")


class Matcher(Generic[Value]):
    """Keys with their values, ready to be looked for; may be empty."""

    def __init__(self, entries: Mapping[str, Value]) -> None:
        self.longest = max(map(len, entries), default=0)
        self._automaton: Any = ahocorasick.Automaton(ahocorasick.STORE_ANY)
        for key, value in entries.items():
            self._automaton.add_word(key, (len(key), value))
        if entries:
            self._automaton.make_automaton()

    def occurrences(self, text: str) -> Iterator[tuple[int, int, Value]]:
        """Yield start, end and value of every key in the text, also of overlapping ones."""
        if not self.longest:
            return
        for last, (length, value) in self._automaton.iter(text):
            yield last - length + 1, last + 1, value

    def has_key_from(self, beginning: str) -> bool:
        """Whether some key begins so."""
        return bool(self.longest and self._automaton.match(beginning))
