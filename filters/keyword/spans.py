"""Where words begin and end, and what is cut off at the edge of a window."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from filters._text.edges import Edges, Span
from filters._text.normalise import Normalised
from filters._text.readings import is_boundary
from filters.keyword.matcher import Matcher


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
    for start in range(max(0, len(text) - keys.longest), bisect_left(reading.starts, edges.right)):
        begins = not whole or is_boundary(text[start - 1 : start], text[start])
        if begins and keys.has_key_from(text[start:]):
            yield reading.original_range(start, len(text))
