"""Scores as probabilities: an instance's own logistic curve over what its filter measures."""

from __future__ import annotations

import math
from dataclasses import replace

from app.settings import Calibration
from filters import Finding

NEAREST = 1e-6
"""How near to 0 and 1 a score is told apart from them."""


def log_odds(score: float) -> float:
    """Return the logarithm of a score's odds; 0 and 1 count as nearly so."""
    near = min(max(score, NEAREST), 1 - NEAREST)
    return math.log(near / (1 - near))


def calibrated_score(score: float, by: Calibration) -> float:
    """Return the probability that a score stands for; where nothing was found, it stays 0."""
    if score == 0:
        return 0.0
    odds = by.slope * log_odds(score) + by.bias
    return 1 / (1 + math.exp(-odds)) if odds > 0 else math.exp(odds) / (1 + math.exp(odds))


def calibrated(finding: Finding, by: Calibration) -> Finding:
    """Return the finding with its score and those of its ranges as probabilities.

    What its labels scored stays as the filter measured it, for the record.
    """
    ranges = tuple(replace(one, score=calibrated_score(one.score, by)) for one in finding.ranges)
    return replace(finding, score=calibrated_score(finding.score, by), ranges=ranges)
