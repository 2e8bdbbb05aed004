"""Bringing a model's scores onto the scale of findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray


def scaled(scores: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    """Stretch scores so that `threshold` becomes 0.5, while 0 and 1 stay."""
    low = scores / (2 * threshold)
    high = 1 - (1 - scores) / (2 * (1 - threshold))
    return np.where(scores < threshold, low, high).clip(0, 1)


def check_thresholds(thresholds: Mapping[str, float]) -> None:
    """Refuse a threshold that no score could be below or above.

    Raises:
        ValueError: one does not lie between 0 and 1; names the label.
    """
    for label, threshold in thresholds.items():
        if not 0 < threshold < 1:
            raise ValueError(f"thresholds.{label}: it lies between 0 and 1")


def check_labels(model: str, wanted: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a label that a model does not have.

    Raises:
        ValueError: names the label, and those that there are.
    """
    known = tuple(known)
    for label in wanted:
        if label not in known:
            raise ValueError(f"model {model} has no label {label!r}, only {', '.join(known)}")
