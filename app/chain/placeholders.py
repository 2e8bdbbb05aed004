"""What stands in one exchange for the texts that its filters hide, and how those are masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

MASK = "\N{FULL BLOCK}"
"""Stands for each character that a record may not hold, so that all positions stay."""

LONGEST_NAME = 64
"""Characters of a label that its placeholder shows."""

PLACEHOLDER = re.compile(rf"\[\w{{1,{LONGEST_NAME}}}_[0-9]{{1,12}}\]")

_UNNAMED = re.compile(r"\W")


class PlaceholderBook:
    """The placeholders of one exchange: the same text has the same one.

    It lives as long as its exchange, and nothing that is not handed over knows what it holds.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """Leave out what stands in these texts already: it means something else there."""
        self._texts = tuple(taken)
        self._by_text: dict[tuple[str, str], str] = {}
        self._numbers: dict[str, int] = {}
        self._restorable: dict[str, str] = {}

    def placeholder(self, label: str, text: str, *, restore: bool) -> str:
        """Return what stands for a text; `restore` remembers that it shall come back."""
        name = _UNNAMED.sub("_", label.upper())[:LONGEST_NAME] or "TEXT"
        placeholder = self._by_text.get((name, text))
        if placeholder is None:
            placeholder = self._by_text[name, text] = self._next(name)
        if restore:
            self._restorable[placeholder] = text
        return placeholder

    @property
    def restorable(self) -> Mapping[str, str]:
        """The texts that shall come back, by their placeholders."""
        return self._restorable

    @cached_property
    def _taken(self) -> frozenset[str]:
        return frozenset(found[0] for text in self._texts for found in PLACEHOLDER.finditer(text))

    def _next(self, name: str) -> str:
        while True:
            self._numbers[name] = number = self._numbers.get(name, 0) + 1
            placeholder = f"[{name}_{number}]"
            if placeholder not in self._taken:
                return placeholder


def masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a text of the same length, with these stretches `[start, end)` out of sight."""
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        start, end = max(at, start), min(end, len(text))
        if start < end:
            pieces += [text[at:start], MASK * (end - start)]
            at = end
    return "".join([*pieces, text[at:]])
