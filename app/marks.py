"""Cut a text where findings begin and end, so that a template can show them in place.

Text is never HTML here. Characters that cannot be seen, or that would reorder what a reader
sees, become visible signs of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\\ud800-\\udfff\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of text to point out."""

    start: int
    end: int
    kind: str
    """Name of the CSS class: `block`, `flag`, `rewrite`, `allow`, `error`, `cited`, `answer`…"""
    title: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch with the same marks all over."""

    text: str
    kinds: str = ""
    """CSS classes, strongest last; empty for unmarked text."""
    title: str = ""
    is_sign: bool = False
    """The text stands for a character that cannot be seen."""


def segments(text: str, marks: Iterable[Mark]) -> list[Segment]:
    """Return the text in order, cut at every mark's border."""
    inside = [m for m in marks if 0 <= m.start < m.end <= len(text)]
    borders = sorted({0, len(text), *(m.start for m in inside), *(m.end for m in inside)})
    parts: list[Segment] = []
    for start, end in pairwise(borders):
        over = [m for m in inside if m.start <= start and end <= m.end]
        parts += _show(text[start:end], over)
    return parts


def _show(text: str, over: Sequence[Mark]) -> list[Segment]:
    kinds = " ".join(dict.fromkeys(m.kind for m in over))
    title = "; ".join(dict.fromkeys(m.title for m in over))
    parts: list[Segment] = []
    at = 0
    for match in _UNSEEN.finditer(text):
        if match.start() > at:
            parts.append(Segment(text[at : match.start()], kinds, title))
        parts.append(Segment(_sign(match[0]), kinds, title, is_sign=True))
        at = match.end()
    if at < len(text):
        parts.append(Segment(text[at:], kinds, title))
    return parts


def _sign(char: str) -> str:
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X}{' ' + name if name else ''}"
