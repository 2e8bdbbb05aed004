"""The answerer's weights and its silence."""

from __future__ import annotations

import random

import pytest

from app.bundles.manifest import QuestionAnswering
from app.engine import Support
from app.engine.ranking import Candidate
from scripts.evaluation.answers import Read, fit, measure
from scripts.evaluation.questions import Question

pytestmark = pytest.mark.train


def _reads(count: int, seed: int = 1) -> list[Read]:
    """Questions whose right sentence the reader mostly likes; every third has no answer."""
    chance = random.Random(seed)  # noqa: S311  the same questions every time
    found = []
    for number in range(count):
        answers = ((0, 0, 10),) if number % 3 else ()
        question = Question("made", "Who?", ("a" * 40, "b" * 40), answers)
        candidates = []
        for place in range(4):
            is_right = bool(answers) and place == 0
            candidates.append(
                Candidate(
                    Support(place // 2, place % 2 * 20, place % 2 * 20 + 10, 0, 5),
                    "text",
                    reader=chance.gauss(4.0 if is_right else -4.0, 2.0),
                    overlap=chance.random(),
                    rank=1 / (place // 2 + 1),
                    novelty=1.0,
                    cosine=chance.gauss(0.6 if is_right else 0.4, 0.1),
                )
            )
        found.append(Read(question, tuple(candidates)))
    return found


def test_weights_follow_what_tells_right_from_wrong() -> None:
    fitted = fit(QuestionAnswering(min_score=0.0), _reads(300))

    assert fitted.weights.reader > 0
    assert fitted.weights.cosine > 0
    assert abs(fitted.weights.overlap) < 1


def test_silence_falls_between_answers_and_their_absence() -> None:
    fitted = fit(QuestionAnswering(min_score=0.0), _reads(300))

    measures = measure(fitted, _reads(300, seed=2))

    assert measures["right_sentence"] > 0.95
    assert measures["false_answer"] < 0.1
    assert measures["false_abstain"] < 0.1
    assert measures["right_if_answered[made]"] == measures["right_if_answered"]


@pytest.mark.parametrize(
    ("least", "false_answer", "false_abstain"), [(-99.0, 1.0, 0.0), (99.0, 0.0, 1.0)]
)
def test_rates_mean_what_they_say(least: float, false_answer: float, false_abstain: float) -> None:
    model = QuestionAnswering(min_score=least)

    measures = measure(model, _reads(30))

    assert measures["false_answer"] == false_answer
    assert measures["false_abstain"] == false_abstain
