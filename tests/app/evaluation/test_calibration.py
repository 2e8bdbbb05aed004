"""A curve is found where there is one, and nothing is promised where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from app.chain.calibration import calibrated_score
from app.evaluation.calibration import FEWEST, Calibrated, calibrate
from app.evaluation.curves import Scores, Truths, calibration_error, reliability
from app.settings import Calibration, ChainEntry
from filters import Stage

TRUE = Calibration(slope=1.7, bias=-2.0)


def sample(num: int = 5_000) -> tuple[Scores, Truths]:
    """Return scores that are too sure of themselves, by a curve that is known."""
    draw = np.random.default_rng(7)
    scores = draw.uniform(0.01, 0.99, num)
    chances = np.array([calibrated_score(one, TRUE) for one in scores])
    return scores, draw.uniform(size=num) < chances


def found(scores: Scores, truths: Truths, entry: ChainEntry | None = None) -> Calibrated | None:
    return calibrate(scores, truths, entry or ChainEntry(id="a", filter="b", stage=Stage.INPUT))


def test_the_curve_that_made_the_truths_is_found() -> None:
    scores, truths = sample()
    best = found(scores, truths)

    assert best is not None
    assert best.calibration.slope == pytest.approx(TRUE.slope, abs=0.15)
    assert best.calibration.bias == pytest.approx(TRUE.bias, abs=0.15)
    assert best.error < 0.03 < calibration_error(reliability(scores, truths))
    assert best.threshold == pytest.approx(calibrated_score(0.5, best.calibration), abs=1e-4)


def test_one_over_another_is_one_curve_for_the_filters_own_scores() -> None:
    scores, truths = sample()
    first = Calibration(slope=0.5, bias=1.0)
    entry = ChainEntry(id="a", filter="b", stage=Stage.INPUT, calibration=first, threshold=0.8)
    seen = np.array([calibrated_score(one, first) for one in scores])
    best, alone = found(seen, truths, entry), found(scores, truths)

    assert best is not None
    assert alone is not None
    assert best.calibration.slope == pytest.approx(alone.calibration.slope, abs=0.01)
    assert best.calibration.bias == pytest.approx(alone.calibration.bias, abs=0.01)


def test_probabilities_are_left_alone() -> None:
    scores, truths = sample(20_000)
    best = found(scores, truths)
    assert best is not None
    entry = ChainEntry(id="a", filter="b", stage=Stage.INPUT, calibration=best.calibration)
    again = found(
        np.array([calibrated_score(one, best.calibration) for one in scores]), truths, entry
    )

    assert again is None or again.calibration.slope == pytest.approx(
        best.calibration.slope, abs=0.02
    )


@pytest.mark.parametrize(
    ("scores", "truths"),
    [
        (np.ones(200), np.arange(200) % 2 == 0),  # nothing tells them apart
        (np.linspace(0.9, 0.1, 200), np.arange(200) >= 100),  # the wrong way round
        (np.linspace(0.1, 0.9, 200), np.arange(200) >= 200 - FEWEST + 1),  # too few bad ones
        (np.zeros(200), np.arange(200) % 2 == 0),
        (np.linspace(0.1, 0.9, 200), np.ones(200, bool)),
    ],
)
def test_nothing_is_proposed_that_would_be_chance(scores: Scores, truths: Truths) -> None:
    assert found(scores, truths) is None


def test_scores_that_separate_make_no_curve_without_end() -> None:
    scores = np.concatenate([np.linspace(0.2, 0.4, 100), np.linspace(0.6, 0.8, 100)])
    best = found(scores, np.arange(200) >= 100)

    assert best is not None
    assert 0 < best.calibration.slope <= 20
    assert best.error < 0.1
