"""Stretches of a text, and what the edge of a window means for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from filters._text.normalise import Normalised
from filters._text.readings import is_boundary
from filters.keyword.matcher import Matcher

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edges:
    """How much of a text its neighbours judge too; a text on its own has none.

    What touches an edge may go on beyond it. If a neighbour sees all of it, it is left to the
    neighbour; if not, it was padded so that no window would hold it, and counts as found.
    """

    left: int = 0
    """The text before this position was seen by the window before."""
    right: int | None = None
    """The text from this position on will be seen by the next window."""

    def keeps(self, span: Span, plain: Normalised, margin: int = 0) -> bool:
        """Whether a match is this window's to report.

        `margin` is how many plain characters around a match had a say in it.
        """
        start, end = span
        last = len(plain.text) - 1
        if self.left and end < self.left and start <= plain.starts[min(margin, last)]:
            return False
        touches = bool(end >= plain.ends[max(0, last - margin)])
        return self.right is None or start <= self.right or not touches


NO_EDGES = Edges()


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, overlapping ones as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether a stretch of a text begins and ends where words do."""
    return is_boundary(text[start - 1 : start], text[start]) and is_boundary(
        text[end - 1], text[end : end + 1]
    )


def cut_off(
    keys: Matcher[Any], reading: Normalised, edges: Edges, *, whole: bool
) -> Iterator[Span]:
    """Find beginnings of keys at the end of a window that the next window will not see."""
    if edges.right is None:
        return
    text = reading.text
    first_unseen = int(np.searchsorted(reading.starts, edges.right))
    for start in range(max(0, len(text) - keys.longest), first_unseen):
        begins = not whole or is_boundary(text[start - 1 : start], text[start])
        if begins and keys.has_key_from(text[start:]):
            yield reading.original_range(start, len(text))
