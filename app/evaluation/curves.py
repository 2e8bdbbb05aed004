"""What can be read off scores and truths: curves, areas, thresholds, calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
Truths = NDArray[np.bool_]

_DIGITS = 10_000


@dataclass(frozen=True, slots=True)
class Curves:
    """What each threshold would mean; one point for each score that occurs, the highest first.

    The first point is that of a threshold above all scores, where nothing is caught.
    """

    thresholds: Scores
    caught: Scores
    """Share of the bad texts at or above the threshold: recall, true positive rate."""
    alarms: Scores
    """Share of the harmless texts at or above it: false positive rate."""
    precision: Scores
    """Share of the bad texts among those at or above it; 1 where there are none."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Texts whose scores lie close together."""

    low: float
    high: float
    count: int
    score: float
    """Their mean score; NaN for none."""
    bad: float
    """The share of bad ones among them; NaN for none."""


def roc_auc(scores: Scores, truths: Truths) -> float:
    """Return the chance that a true row scores higher than a false one; NaN without either."""
    positives, negatives = int(truths.sum()), int((~truths).sum())
    if not positives or not negatives:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[inverse]  # ties share the mean of their ranks
    above = ranks[truths].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def curves(scores: Scores, truths: Truths) -> Curves:
    """Return the curves; shares of nothing are NaN."""
    order = np.argsort(-scores, kind="stable")
    ordered, bad = scores[order], truths[order]
    last = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    hits = np.concatenate([[0], np.cumsum(bad)[last]])
    false = np.concatenate([[0], np.cumsum(~bad)[last]])
    with np.errstate(invalid="ignore", divide="ignore"):
        caught, alarms = hits / truths.sum(), false / (~truths).sum()
        precision = np.where(hits + false > 0, hits / (hits + false), 1.0)
    return Curves(np.concatenate([[np.inf], ordered[last]]), caught, alarms, precision)


def average_precision(found: Curves) -> float:
    """Return the area under precision over recall, by steps; NaN without bad texts."""
    return float(np.sum(np.diff(found.caught) * found.precision[1:]))


def threshold_for(found: Curves, most_alarms: float) -> float | None:
    """Return the threshold that catches most while no more harmless texts than this are hit.

    It stands half way between the scores on both sides of it, so that a text that scores a
    little otherwise changes nothing. None: even the harmless texts with the highest score of all,
    1, would be too many; a threshold above 1 is none.
    """
    fits = np.flatnonzero(found.alarms <= most_alarms)
    if not len(fits):
        return None
    at = int(fits[-1])
    below = float(found.thresholds[at + 1]) if at + 1 < len(found.thresholds) else 0.0
    above = min(float(found.thresholds[at]), 1.0)
    if above == 0:
        return 0.0  # all that scores anything may be hit
    if below >= above:
        return None
    middle = (below + above) / 2
    rounded = math.ceil(middle * _DIGITS) / _DIGITS
    return rounded if below < rounded <= above else above


def reliability(scores: Scores, truths: Truths, num_bins: int = 10) -> list[Bin]:
    """Return the texts in bins of equal width, for the reliability plot."""
    places = np.minimum((scores * num_bins).astype(int), num_bins - 1)
    bins = []
    for place in range(num_bins):
        inside = places == place
        count = int(inside.sum())
        mean = float(scores[inside].mean()) if count else math.nan
        share = float(truths[inside].mean()) if count else math.nan
        bins.append(Bin(place / num_bins, (place + 1) / num_bins, count, mean, share))
    return bins


def calibration_error(bins: list[Bin]) -> float:
    """Return the expected calibration error: how far scores are from shares, on average."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.score - one.bad) for one in bins if one.count) / total


def share_interval(hits: int, total: int) -> tuple[float, float]:
    """Return Wilson's interval, which holds the true share in 95 of 100 cases."""
    if not total:
        return 0.0, 1.0
    z = 1.959964
    share, spread = hits / total, z * z / total
    centre = share + spread / 2
    width = z * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, (centre - width) / (1 + spread)), min(1.0, (centre + width) / (1 + spread))
