"""The replacements in one text, and where an edited text's positions came from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from app.exchange import Edit


class Edits:
    """Replacements that do not overlap, in order; a position is found without looking at them all."""

    def __init__(self) -> None:
        self._edits: list[Edit] = []
        self._shifts = [0]
        """By how much the edited text is longer, in front of each edit and behind the last one."""
        self._starts: list[int] = []
        """Where each begins in the edited text."""
        self._ends: list[int] = []

    def __iter__(self) -> Iterator[Edit]:
        return iter(self._edits)

    def append(self, edit: Edit) -> None:
        """Add one that begins where the last one ends, or behind it."""
        start = edit.start + self._shifts[-1]
        end = start + len(edit.replacement)
        self._edits.append(edit)
        self._starts.append(start)
        self._ends.append(end)
        self._shifts.append(end - edit.end)

    def to_input(self, start: int, end: int) -> tuple[int, int]:
        """Map a range of the edited text to the text before the edits.

        A range that holds a part of a replacement grows to all that was replaced.
        """
        return self._start(start), self._end(end)

    def _start(self, position: int) -> int:
        index = bisect_right(self._ends, position)
        if index < len(self._edits) and self._starts[index] < position:
            return self._edits[index].start
        return position - self._shifts[index]

    def _end(self, position: int) -> int:
        index = bisect_left(self._starts, position)
        if index and self._ends[index - 1] >= position:
            return self._edits[index - 1].end
        return position - self._shifts[index]
