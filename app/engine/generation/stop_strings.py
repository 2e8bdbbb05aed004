"""Finding stop strings in a text that comes piece by piece."""

from __future__ import annotations

from collections.abc import Iterable


class StopStrings:
    """A search for several strings at once, in time linear in the text.

    The one that is complete first counts, the longest if several are at the same character:
    so the result does not depend on how the text was cut into pieces.
    """

    def __init__(self, stops: Iterable[str]) -> None:
        self._searches = [_Search(stop) for stop in stops if stop]

    @property
    def num_doubtful(self) -> int:
        """How many characters at the end of the text so far may begin a stop string."""
        return max((search.matched for search in self._searches), default=0)

    def feed(self, piece: str, *, counts: bool = True) -> tuple[int, int] | None:
        """Read on; return where a stop string ended in the piece, and its length.

        Args:
            piece: what comes next.
            counts: without, stop strings that end in this piece are ordinary text.
        """
        if not self._searches:
            return None
        for place, letter in enumerate(piece):
            sizes = [search.feed(letter) for search in self._searches]
            if counts and (size := max(sizes)):
                return place + 1, size
        return None


class _Search:
    """Knuth, Morris and Pratt's search for one string."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._shorter = _borders(wanted)
        self.matched = 0
        """How much of the string the text ends with; never all of it."""

    def feed(self, letter: str) -> int:
        """Read a character; return the string's length if it is complete, else 0."""
        while self.matched and self._wanted[self.matched] != letter:
            self.matched = self._shorter[self.matched - 1]
        if self._wanted[self.matched] == letter:
            self.matched += 1
        if self.matched < len(self._wanted):
            return 0
        self.matched = self._shorter[-1]
        return len(self._wanted)


def _borders(text: str) -> list[int]:
    """Return, for each beginning of a text, the length of its longest end that begins it too."""
    borders, size = [0], 0
    for letter in text[1:]:
        while size and text[size] != letter:
            size = borders[size - 1]
        size += text[size] == letter
        borders.append(size)
    return borders
