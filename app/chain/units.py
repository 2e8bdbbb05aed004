"""Cut a growing text into the units that filters judge.

Where a unit ends depends on the text alone and never on the pieces it arrived in: a cut is
made only when every character that could move it has been seen.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from filters import Context, Item, Stage, Unit
from filters._text.sentences import MAX_SENTENCE_CHARS, RESCAN_CHARS, sentence_end

AT_THE_END = sys.maxsize
"""`Piece.complete_at` of units that only the end of the text completes."""

FIRST = 4
"""How many times smaller the first window is where windows grow."""


class Piece(NamedTuple):
    """One unit of the text, without the white space around it."""

    start: int
    text: str
    settled: int
    """Once this unit is judged, the text is judged up to here."""
    complete_at: int
    """How many characters had to arrive before the unit was known to be complete."""
    before: int = 0
    """Characters at its beginning that the unit before it held, too."""
    after: int = 0
    """Characters at its end that the unit after it will hold, too."""

    def item(self, context: Context) -> Item:
        """Return the unit as a filter sees it."""
        return Item(self.text, context, self.start, self.before, self.after)


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
        return _piece(self._pending, self._start, AT_THE_END)

    def _complete(self) -> list[Piece]:
        return []


def splitter(unit: Unit, stage: Stage) -> Splitter:
    """Return a fresh splitter for a filter's unit at a stage."""
    if unit.kind == "sentence":
        return SentenceSplitter()
    if unit.kind == "window":
        return WindowSplitter(unit, grows=unit.grows and stage is Stage.OUTPUT)
    return DocumentSplitter(blank=unit.blank)


def _piece(text: str, start: int, complete_at: int) -> list[Piece]:
    body = text.strip()
    if not body:
        return []
    lead = len(text) - len(text.lstrip())
    return [Piece(start + lead, body, start + len(text), complete_at)]


class DocumentSplitter(Splitter):
    """The whole text is one unit.

    Args:
        blank: whether a text of nothing but white space is one, too.
    """

    def __init__(self, *, blank: bool = False) -> None:
        super().__init__()
        self._blank = blank
        self._parts: list[str] = []

    def feed(self, text: str) -> list[Piece]:
        """Keep the text; nothing is complete before its end."""
        self._parts.append(text)
        return []

    def finish(self) -> list[Piece]:
        """Return the whole text."""
        text = "".join(self._parts)
        if self._blank and not text.strip():
            return [Piece(0, "", len(text), AT_THE_END)]
        return _piece(text, 0, AT_THE_END)


class WindowSplitter(Splitter):
    """Windows, each sharing `overlap` characters with the one before it.

    Args:
        unit: says how large they are.
        grows: whether the first is smaller. It depends on the text alone even so.
    """

    def __init__(self, unit: Unit, *, grows: bool = False) -> None:
        super().__init__()
        self._overlap = unit.overlap
        self._full_size = unit.size
        self._size = unit.size // FIRST if grows else unit.size
        """Of the next window."""

    def _complete(self) -> list[Piece]:
        pieces: list[Piece] = []
        at, overlap = 0, self._overlap
        while len(self._pending) - at >= (size := self._size):
            start, stride = self._start, size - overlap
            window, before = self._pending[at : at + size], overlap if start else 0
            pieces.append(Piece(start, window, start + stride, start + size, before, overlap))
            at += stride
            self._start += stride
            self._size = self._full_size
        self._pending = self._pending[at:]
        return pieces

    def finish(self) -> list[Piece]:
        """Return the last window, also when all of it was read as overlap.

        A full window leaves its overlap to the next one, so there must be a next one.
        """
        if not self._pending:
            return []
        start, text = self._start, self._pending
        before = self._overlap if start else 0
        return [Piece(start, text, start + len(text), AT_THE_END, before)]


class SentenceSplitter(Splitter):
    """Sentences, and the lines of lists and headings."""

    def __init__(self) -> None:
        super().__init__()
        self._scanned = 0

    def _complete(self) -> list[Piece]:
        pieces: list[Piece] = []
        at = 0
        while (end := sentence_end(self._pending, at, self._scanned)) is not None:
            start, text = self._start + at, self._pending[at:end]
            # Only its length shows that a sentence must be cut at a space.
            num_seen = MAX_SENTENCE_CHARS if text.endswith(" ") else len(text)
            pieces += _piece(text, start, start + num_seen + 1)
            at = self._scanned = end
        self._pending = self._pending[at:]
        self._start += at
        self._scanned = max(0, len(self._pending) - RESCAN_CHARS)
        return pieces
