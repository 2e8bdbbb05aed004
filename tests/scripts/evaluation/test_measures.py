"""Numbers that say how good scores are."""

from __future__ import annotations

import math

import numpy as np

from scripts.evaluation.measures import balanced_accuracy, known, share


def test_what_cannot_be_measured_is_left_out() -> None:
    assert math.isnan(share([]))
    assert known({"auc": math.nan, "share": 0.123456}) == {"share": 0.1235}


def test_both_kinds_count_the_same() -> None:
    truths = np.array([True, False, False, False])

    assert balanced_accuracy(np.array([False] * 4), truths) == 0.5
    assert balanced_accuracy(truths, truths) == 1.0
