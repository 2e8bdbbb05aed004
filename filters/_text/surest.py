"""Choose among finds that overlap, and add them up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from filters import Finding, Range


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


def beside(text: str, ranges: Iterable[Range], taken: Sequence[Range]) -> Iterator[Range]:
    """Yield what is left of ranges where others have taken their part.

    Args:
        text: in which they stand.
        ranges: any.
        taken: in order, none over another.
    """
    for found in ranges:
        at = found.start
        for other in taken:
            if other.end > at and other.start < found.end:
                yield from _part(text, found, at, other.start)
                at = other.end
        yield from _part(text, found, at, found.end)


def summed(ranges: Sequence[Range]) -> Finding | None:
    """Return the finding of these ranges: as sure as the surest, with the best score of each label."""
    if not ranges:
        return None
    top = max(ranges, key=lambda found: found.score)
    scores: dict[str, float] = {}
    for found in ranges:
        scores[found.label] = max(found.score, scores.get(found.label, 0.0))
    return Finding(top.score, top.label, tuple(ranges), scores=scores)


def _part(text: str, found: Range, start: int, end: int) -> Iterator[Range]:
    """Yield a part of a range without the white space and punctuation where it was cut."""
    while found.start < start < end and not text[start].isalnum():
        start += 1
    while start < end < found.end and not text[end - 1].isalnum():
        end -= 1
    if start < end:
        yield replace(found, start=start, end=end)
