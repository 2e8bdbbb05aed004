"""An instance's curve makes probabilities of scores, and changes nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chain.calibration import calibrated, calibrated_score, log_odds
from app.chain.chain import Chain
from app.settings import Calibration, ChainEntry
from filters import Context, Finding, Item, Range, Stage

CURVE = Calibration(slope=0.5, bias=-1.0)


@pytest.mark.parametrize(
    ("score", "probability"),
    [
        (0.0, 0.0),
        (0.5, 1 / (1 + math.e)),
        (0.9, 1 / (1 + math.exp(1 - math.log(9) / 2))),
    ],
)
def test_the_curve_is_logistic_in_the_log_odds(score: float, probability: float) -> None:
    assert calibrated_score(score, CURVE) == pytest.approx(probability)


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=20),
    st.floats(0, 20, exclude_min=True),
    st.floats(-100, 100),
)
def test_no_curve_leaves_the_scale_or_turns_the_order(
    scores: list[float], slope: float, bias: float
) -> None:
    by = Calibration(slope=slope, bias=bias)
    found = [calibrated_score(score, by) for score in sorted(scores)]

    assert found == sorted(found)
    assert all(0 <= one <= 1 for one in found)


@given(st.floats(1e-6, 1 - 1e-6))
def test_a_curve_of_one_and_zero_changes_nothing(score: float) -> None:
    assert calibrated_score(score, Calibration()) == pytest.approx(score)
    assert math.isfinite(log_odds(0.0))


def test_ranges_go_along_and_what_labels_scored_stays() -> None:
    finding = Finding(0.9, "a", (Range(0, 1, "a", 0.9), Range(1, 2, "b", 0.5)), scores={"a": 0.9})
    found = calibrated(finding, CURVE)

    expected = [calibrated_score(0.9, CURVE), calibrated_score(0.5, CURVE)]
    assert [one.score for one in found.ranges] == expected
    assert found.score == expected[0]
    assert found.scores == {"a": 0.9}


async def test_the_chain_compares_the_probability_with_the_threshold() -> None:
    entry = {"id": "words", "filter": "keyword", "stage": "input", "action": "block"}
    options = {"words": ["bomb"]}
    plain = ChainEntry.model_validate({**entry, "options": options})
    doubtful = plain.model_copy(update={"calibration": Calibration(slope=0.1, bias=-3.0)})

    assert [await is_blocked(one) for one in (plain, doubtful)] == [True, False]


async def is_blocked(entry: ChainEntry) -> bool:
    chain = Chain.build([entry])
    run = chain.stage(Stage.INPUT)
    text = run.text(Context(Stage.INPUT, "a bomb"), 0)
    await text.feed("a bomb", last=True)
    [verdict] = run.verdicts
    (instance,) = chain.instances
    finding = (await instance.check(Item("a bomb", Context(Stage.INPUT, "a bomb")))).result
    assert isinstance(finding, Finding)
    assert verdict.score == finding.score
    return text.blocked_by is not None
