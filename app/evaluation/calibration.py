"""The logistic curve that makes probabilities of a filter's scores, learnt from labelled texts.

That is Platt's method on the log-odds of the scores: two numbers, so that some dozens of texts of
each kind are enough, and the order of the scores stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.chain.calibration import calibrated_score, log_odds
from app.evaluation.curves import Scores, Truths, calibration_error, reliability
from app.settings import Calibration, ChainEntry

FEWEST = 20
"""Bad and harmless texts that score anything; with fewer the curve is chance."""
FOLDS = 5
_STEPS = 50
_DIGITS = 4
_RIDGE = 1e-6
"""Keeps a step finite where the scores tell nothing apart."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A curve, and how well curves learnt in the same way do on texts that they were not learnt from."""

    calibration: Calibration
    """The chain entry's, in place of the one that it may have."""
    threshold: float
    """What the threshold in force reads then."""
    error: float
    """Expected calibration error, of texts left out in turns."""


def calibrate(scores: Scores, truths: Truths, entry: ChainEntry) -> Calibrated | None:
    """Return the curve for these texts; None if it would be chance, or no better than none.

    Args:
        scores: as the chain sees them, after the entry's own calibration if it has one.
        truths: which texts are bad.
        entry: the instance.
    """
    curve, held_out = _fit(scores, truths), _held_out(scores, truths)
    if curve is None or held_out is None:
        return None
    error = calibration_error(reliability(held_out, truths))
    if error >= calibration_error(reliability(scores, truths)):
        return None
    threshold = round(calibrated_score(entry.threshold, curve), _DIGITS)
    return Calibrated(_after(entry.calibration, curve), threshold, error)


def _fit(scores: Scores, truths: Truths) -> Calibration | None:
    """Return the likeliest curve that rises; it is learnt from texts in which anything was found."""
    found = scores > 0
    x, bad = np.array([log_odds(one) for one in scores[found]]), truths[found]
    num_bad, num_harmless = int(bad.sum()), int((~bad).sum())
    if min(num_bad, num_harmless) < FEWEST or np.ptp(x) == 0:
        return None
    # Platt's targets: certainty is never learnt from so few texts.
    y = np.where(bad, (num_bad + 1) / (num_bad + 2), 1 / (num_harmless + 2))
    slope, bias = _newton(np.stack([x, np.ones_like(x)], axis=1), y)
    if not 0 < slope <= 20:
        return None
    return Calibration(slope=max(round(slope, _DIGITS), 10**-_DIGITS), bias=round(bias, _DIGITS))


def _newton(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the weights of a logistic regression."""
    weights = np.zeros(2)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        curvature = (x * (chance * (1 - chance))[:, None]).T @ x + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, x.T @ (y - chance) - _RIDGE * weights)
        weights = weights + np.clip(step, -1, 1)
        if np.abs(step).max() < _RIDGE:
            break
    return float(weights[0]), float(weights[1])


def _held_out(scores: Scores, truths: Truths) -> Scores | None:
    """Return each score as a curve makes it that was learnt without that text."""
    folds = np.random.default_rng(0).permutation(len(scores)) % FOLDS
    probabilities = np.zeros(len(scores))
    for fold in range(FOLDS):
        out = folds == fold
        curve = _fit(scores[~out], truths[~out])
        if curve is None:
            return None
        probabilities[out] = [calibrated_score(one, curve) for one in scores[out]]
    return probabilities


def _after(first: Calibration | None, then: Calibration) -> Calibration:
    """Return the one curve that does what both do, one after the other."""
    if first is None:
        return then
    return Calibration(
        slope=round(first.slope * then.slope, _DIGITS),
        bias=round(first.bias * then.slope + then.bias, _DIGITS),
    )
