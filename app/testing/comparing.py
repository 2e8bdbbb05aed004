"""Whether two findings, or two verdicts, say the same."""

from __future__ import annotations

from itertools import zip_longest

from app.exchange import Verdict
from filters import Finding, Range

TOLERANCE = 1e-3
"""Scores this close are equal: sums in floating point depend on their order."""


def equal_findings(one: Finding | None, other: Finding | None) -> bool:
    """Compare everything but the evidence."""
    if one is None or other is None:
        return one is other
    labels = one.label == other.label and one.scores.keys() == other.scores.keys()
    scores = [
        (one.score, other.score),
        *((one.scores[k], other.scores.get(k, 9)) for k in one.scores),
    ]
    close = all(abs(first - second) <= TOLERANCE for first, second in scores)
    return labels and close and equal_ranges(one, other) and one.passages == other.passages


def equal_verdicts(one: Verdict, other: Verdict) -> bool:
    """Compare what a verdict says of the text."""
    said = (one.action, one.label, one.error) == (other.action, other.label, other.error)
    return said and abs(one.score - other.score) <= TOLERANCE and equal_ranges(one, other)


def equal_ranges(one: Finding | Verdict, other: Finding | Verdict) -> bool:
    """Compare the ranges, in order."""
    return all(_equal(a, b) for a, b in zip_longest(one.ranges, other.ranges))


def _equal(one: Range | None, other: Range | None) -> bool:
    if one is None or other is None:
        return False
    places = (one.start, one.end, one.label, one.replacement)
    return places == (other.start, other.end, other.label, other.replacement) and (
        abs(one.score - other.score) <= TOLERANCE
    )
