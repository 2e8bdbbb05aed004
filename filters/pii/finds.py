"""A piece of personal data in a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Find:
    """Where one stands, what it is, and how sure that is."""

    start: int
    end: int
    kind: str
    score: float = 1.0


def surest(finds: Iterable[Find]) -> Iterator[Find]:
    """Yield the finds in order; of those that overlap, the surest and then the longest."""
    best: Find | None = None
    for find in sorted(finds, key=lambda find: (find.start, -find.end)):
        if best is None or find.start >= best.end:
            if best is not None:
                yield best
            best = find
        elif (find.score, find.end - find.start) > (best.score, best.end - best.start):
            best = find
    if best is not None:
        yield best
