"""Cut a growing text into the units that filters judge.

Where a unit ends depends on the text alone and never on the pieces it arrived in: a cut is
made only when every character that could move it has been seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from filters import Unit

MAX_SENTENCE_CHARS = 1_000
"""A longer sentence is cut at a space, so that a text without full stops still flows."""

_BOUNDARY = re.compile(
    r"""
      [.!?…]+ ["'\u201d\u2019)\]]* (?=\s)          # a sentence's end, then white space
    | [\u3002\uff01\uff1f]+ (?=[^\u3002\uff01\uff1f])  # scripts that write no space
    | \r?\n (?= \r?[\n#>*|•-] )          # a blank line, or the next item of a list
    """,
    re.VERBOSE,
)
_RESCAN = 8
"""Characters looked at again after each feed: the longest look-ahead plus a line's end."""
_ABBREVIATIONS = frozenset(
    ["al", "approx", "ca", "cf", "dr", "e.g", "eq", "etc", "fig", "i.e", "jr", "mr", "mrs", "ms"]
    + ["no", "nr", "p", "pp", "prof", "resp", "sec", "sr", "st", "vs", "vol"]
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One unit of the text, without the white space around it."""

    start: int
    text: str
    settled: int
    """Once this unit is judged, the text is judged up to here."""


class Splitter:
    """Cuts one text, fed piece by piece."""

    def __init__(self) -> None:
        self._start = 0
        self._pending = ""

    def feed(self, text: str) -> list[Piece]:
        """Take more text; return the units it completed."""
        self._pending += text
        return self._complete()

    def finish(self) -> list[Piece]:
        """End the text; return what is left of it."""
        return _piece(self._pending, self._start, self._start + len(self._pending))

    def _complete(self) -> list[Piece]:
        return []


def splitter(unit: Unit) -> Splitter:
    """Return a fresh splitter for a filter's unit."""
    if unit.kind == "sentence":
        return SentenceSplitter()
    if unit.kind == "window":
        return WindowSplitter(unit)
    return DocumentSplitter()


def _piece(text: str, start: int, settled: int) -> list[Piece]:
    body = text.strip()
    if not body:
        return []
    return [Piece(start + len(text) - len(text.lstrip()), body, settled)]


class DocumentSplitter(Splitter):
    """The whole text is one unit."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []

    def feed(self, text: str) -> list[Piece]:
        """Keep the text; nothing is complete before its end."""
        self._parts.append(text)
        return []

    def finish(self) -> list[Piece]:
        """Return the whole text."""
        text = "".join(self._parts)
        return _piece(text, 0, len(text))


class WindowSplitter(Splitter):
    """Windows of one size, each sharing `overlap` characters with the one before it."""

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        self._size = unit.size
        self._overlap = unit.overlap

    def _complete(self) -> list[Piece]:
        pieces: list[Piece] = []
        at, stride = 0, self._size - self._overlap
        while len(self._pending) - at >= self._size:
            window = self._pending[at : at + self._size]
            pieces.append(Piece(self._start, window, self._start + stride))
            at += stride
            self._start += stride
        self._pending = self._pending[at:]
        return pieces

    def finish(self) -> list[Piece]:
        """Return the last window, unless all of it was read as overlap."""
        read_before = self._overlap if self._start else 0
        if len(self._pending) <= read_before:
            return []
        end = self._start + len(self._pending)
        return [Piece(self._start, self._pending, end)]


class SentenceSplitter(Splitter):
    """Sentences, and the lines of lists and headings."""

    def __init__(self) -> None:
        super().__init__()
        self._scanned = 0

    def _complete(self) -> list[Piece]:
        pieces: list[Piece] = []
        at = 0
        while (end := self._next_end(at)) is not None:
            pieces += _piece(self._pending[at:end], self._start + at, self._start + end)
            at = self._scanned = end
        self._pending = self._pending[at:]
        self._start += at
        self._scanned = max(0, len(self._pending) - _RESCAN)
        return pieces

    def _next_end(self, at: int) -> int | None:
        limit = at + MAX_SENTENCE_CHARS
        for match in _BOUNDARY.finditer(self._pending, max(at, self._scanned)):
            if match.end() > limit:
                break
            if not self._is_abbreviation(at, match):
                return match.end()
        if len(self._pending) <= limit:
            return None
        space = self._pending.rfind(" ", at + 1, limit)
        return space + 1 if space > at else limit

    def _is_abbreviation(self, at: int, match: re.Match[str]) -> bool:
        if match[0] != ".":
            return False
        before = self._pending[max(at, match.start() - 12) : match.start()]
        word = before.rsplit(maxsplit=1)[-1].lstrip("(\"'\u201c\u2018") if before.strip() else ""
        return word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper())
