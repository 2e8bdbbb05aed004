"""Choose among finds that overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from filters import Range


def surest(ranges: Iterable[Range]) -> Iterator[Range]:
    """Yield ranges in order; of those that overlap, the one with the best score, then the longest."""
    best: Range | None = None
    for found in sorted(ranges, key=lambda found: (found.start, -found.end)):
        if best is None or found.start >= best.end:
            if best is not None:
                yield best
            best = found
        elif (found.score, found.end - found.start) > (best.score, best.end - best.start):
            best = found
    if best is not None:
        yield best
