"""Numbers that say how good scores are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scripts.evaluation.measures import balanced_accuracy, known, roc_auc, share


@pytest.mark.parametrize(
    ("scores", "truths", "auc"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 1.0),
        ([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0.0),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1], 0.5),
        ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75),
        ([0.1, 0.5, 0.5, 0.8], [0, 0, 1, 1], 0.875),
    ],
)
def test_the_area_is_the_chance_of_the_right_order(
    scores: list[float], truths: list[int], auc: float
) -> None:
    found = roc_auc(np.array(scores, np.float32), np.array(truths, bool))

    assert found == pytest.approx(auc)


def test_what_cannot_be_measured_is_left_out() -> None:
    nothing = roc_auc(np.array([0.5], np.float32), np.array([True]))

    assert math.isnan(nothing)
    assert math.isnan(share([]))
    assert known({"auc": nothing, "share": 0.123456}) == {"share": 0.1235}


def test_both_kinds_count_the_same() -> None:
    truths = np.array([True, False, False, False])

    assert balanced_accuracy(np.array([False] * 4), truths) == 0.5
    assert balanced_accuracy(truths, truths) == 1.0
