"""Stretches of a text, and what the edge of a window means for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from filters import Item, Unit
from filters._text.normalise import Normalised
from filters._text.patterns import UNBOUNDED

Span = tuple[int, int]

LARGEST_WINDOW = 24_000
"""Where matches are so long that a window would be larger, the whole text is judged at once."""


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

    @classmethod
    def of(cls, item: Item) -> Edges:
        """Return the edges of one unit of a text."""
        return cls(item.before, len(item.text) - item.after if item.after else None)

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


def unit_for(reach: int, *, grows: bool = True) -> Unit:
    """Return the smallest unit that holds every match of `reach` characters and what is around it.

    `reach` counts what a match may touch at both sides as well; without a bound on it, the unit
    is the whole text. A filter that does not look at its edges must not let its windows grow.
    """
    size = 12 * (reach + 4)
    if reach >= UNBOUNDED or size > LARGEST_WINDOW:
        return Unit.document()
    return Unit.window(size, grows=grows)


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, overlapping ones as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
