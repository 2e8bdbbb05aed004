"""Curves, areas and thresholds are what counting by hand gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation.curves import (
    Curves,
    average_precision,
    calibration_error,
    curves,
    reliability,
    roc_auc,
    share_interval,
    threshold_for,
)


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


def test_there_is_no_area_without_both_kinds() -> None:
    assert math.isnan(roc_auc(np.array([0.5]), np.array([True])))


def test_the_points_are_those_of_each_score() -> None:
    found = made([0.9, 0.8, 0.8, 0.1], [1, 1, 0, 0])

    assert found.thresholds.tolist() == [math.inf, 0.9, 0.8, 0.1]
    assert found.caught.tolist() == [0, 0.5, 1, 1]
    assert found.alarms.tolist() == [0, 0, 0.5, 1]
    assert found.precision.tolist() == pytest.approx([1, 1, 2 / 3, 0.5])
    assert average_precision(found) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@pytest.mark.parametrize(
    ("scores", "truths", "most", "threshold"),
    [
        ([0.9, 0.2], [1, 0], 0.0, 0.55),
        ([0.9, 0.4, 0.3], [1, 0, 0], 0.5, 0.35),
        ([0.9, 0.2], [1, 0], 1.0, 0.1),
        ([0.9, 0.0], [1, 0], 1.0, 0.0),
        ([0.9, 0.95], [1, 0], 0.0, 0.975),
        ([0.9, 1.0], [1, 0], 0.0, None),
        ([0.70001, 0.70002], [0, 1], 0.0, 0.70002),
    ],
)
def test_the_threshold_stands_between_what_may_be_hit_and_what_may_not(
    scores: list[float], truths: list[int], most: float, threshold: float | None
) -> None:
    assert threshold_for(made(scores, truths), most) == pytest.approx(threshold)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60),
    st.floats(0, 1),
)
def test_no_more_harmless_texts_are_hit_than_the_target_allows(
    rows: list[tuple[float, bool]], most: float
) -> None:
    rows = [*rows, (0.5, False)]
    scores, truths = np.array([s for s, _ in rows]), np.array([t for _, t in rows])
    threshold = threshold_for(curves(scores, truths), most)

    if threshold is None:
        assert np.mean(scores[~truths] == 1.0) > most
        return
    hit = (scores >= threshold) & (scores > 0)
    assert np.mean(hit[~truths]) <= most
    lower = [s for s in scores if 0 < s < threshold]
    if lower:  # nothing lower would do
        assert np.mean(scores[~truths] >= max(lower)) > most


def test_calibrated_scores_have_no_error() -> None:
    scores = np.array([0.25] * 4 + [0.75] * 4)
    truths = np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)
    bins = reliability(scores, truths)

    assert [(one.low, one.count) for one in bins if one.count] == [(0.2, 4), (0.7, 4)]
    assert calibration_error(bins) == 0
    assert calibration_error(reliability(np.array([0.0, 1.0]), np.array([True, True]))) == 0.5


def test_the_interval_is_wilsons() -> None:
    assert share_interval(0, 0) == (0.0, 1.0)
    assert share_interval(0, 100) == pytest.approx((0.0, 0.0370), abs=1e-4)
    assert share_interval(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


def made(scores: list[float], truths: list[int]) -> Curves:
    return curves(np.array(scores), np.array(truths, bool))
