"""Numbers that say how good scores are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.evaluation.curves import calibration_error, reliability

Scores = NDArray[np.float32]
Truths = NDArray[np.bool_]


def share(truths: Sequence[bool] | Truths) -> float:
    """Return the share of true values; NaN if there are none at all."""
    return float(np.mean(truths)) if len(truths) else float("nan")


def expected_calibration_error(scores: Scores, truths: Truths) -> float:
    """Return how far scores are from the shares of true rows, on average."""
    return calibration_error(reliability(scores, truths)) if len(scores) else float("nan")


def balanced_accuracy(said: Truths, truths: Truths) -> float:
    """Return the mean of the shares that are right among true and among false rows."""
    return (share(said[truths]) + share(~said[~truths])) / 2


def known(measures: dict[str, float]) -> dict[str, float]:
    """Leave out what could not be measured, and round."""
    return {name: round(value, 4) for name, value in measures.items() if np.isfinite(value)}
