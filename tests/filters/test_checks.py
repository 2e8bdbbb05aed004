"""What a filter hands over is refused where it cannot be recorded, without quoting it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.exchange import Action, Mode, Verdict
from app.recorder.codec import decode, encode
from filters import Evidence, Finding, Passage, Range, Stage
from tests.exchanges import make_exchange


class Kind(Enum):
    SECRET = "secret"  # noqa: S105 - it is none


class Label(StrEnum):
    INSULT = "insult"


class Wider(Range):
    """A range of one's own."""


WRONG_TYPES: list[Callable[[], Any]] = [
    lambda: Passage("p", "text", Path("secret")),  # type: ignore[arg-type]
    lambda: Passage(7, "text", "source"),  # type: ignore[arg-type]
    lambda: Passage("p", b"secret", "source"),  # type: ignore[arg-type]
    lambda: Passage("p", "text", "source", None),  # type: ignore[arg-type]
    lambda: Passage("p", "text", "source", score="secret"),  # type: ignore[arg-type]
    lambda: Range(0, 1, None),  # type: ignore[arg-type]
    lambda: Range(0, 1, Kind.SECRET),  # type: ignore[arg-type]
    lambda: Range(0, 1.5, "x"),  # type: ignore[arg-type]
    lambda: Range(0, 1, "x", replacement=Path("secret")),  # type: ignore[arg-type]
    lambda: Range(0, 1, "x", replacement=0),  # type: ignore[arg-type]
    lambda: Evidence(0, 0, 1, Kind.SECRET, 1.0),  # type: ignore[arg-type]
    lambda: Evidence("0", 0, 1, "x", 1.0),  # type: ignore[arg-type]
    lambda: Finding(0.5, None),  # type: ignore[arg-type]
    lambda: Finding(0.5, Kind.SECRET),  # type: ignore[arg-type]
    lambda: Finding("0.5", "x"),  # type: ignore[arg-type]
    lambda: Finding(0.5, "x", ranges=[Range(0, 1, "x")]),  # type: ignore[arg-type]
    lambda: Finding(0.5, "x", ranges=None),  # type: ignore[arg-type]
    lambda: Finding(0.5, "x", ranges=((0, 1),)),  # type: ignore[arg-type]
    lambda: Finding(0.5, "x", ranges=(Wider(0, 1, "x"),)),
    lambda: Finding(0.5, "x", passages=("secret",)),  # type: ignore[arg-type]
    lambda: Finding(0.5, "x", scores={Kind.SECRET: 0.5}),  # type: ignore[dict-item]
    lambda: Finding(0.5, "x", scores={"a": "secret"}),  # type: ignore[dict-item]
    lambda: Finding(0.5, "x", scores=[("a", 0.5)]),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("number", range(len(WRONG_TYPES)))
def test_a_wrong_type_is_refused(number: int) -> None:
    with pytest.raises(TypeError) as error:
        WRONG_TYPES[number]()

    assert "secret" not in str(error.value)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, 7.5])
def test_a_score_outside_the_scale_is_refused(score: float) -> None:
    made: list[Callable[[], Any]] = [
        lambda: Finding(score, "x"),
        lambda: Finding(0.5, "x", scores={"a": score}),
        lambda: Range(0, 1, "x", score),
        lambda: Evidence(0, 0, 1, "x", score),
    ]
    for make in made:
        with pytest.raises(ValueError, match=r"outside of \[0, 1\]"):
            make()


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_passages_score_is_a_finite_number(score: float) -> None:
    assert Passage("p", "t", "s", score=-3.5).score == -3.5
    with pytest.raises(ValueError, match="not finite"):
        Passage("p", "t", "s", score=score)


def test_what_is_nearly_a_plain_value_is_taken_and_can_be_recorded() -> None:
    score = np.float32(0.5)
    found = Range(np.int64(0), np.int64(3), Label.INSULT, score)  # type: ignore[arg-type]
    finding = Finding(score, Label.INSULT, (found,), scores={"x": score})  # type: ignore[arg-type, dict-item]
    verdict = Verdict(
        *("tox", "toxicity", "1", Stage.INPUT, Action.FLAG, Mode.ENFORCE, finding.score, 0.5),
        finding.label,
        finding.ranges,
        scores=finding.scores,
    )

    (back,) = decode(encode(make_exchange(verdicts=[verdict]))).verdicts

    assert (back.label, back.score, back.ranges) == ("insult", 0.5, (Range(0, 3, "insult", 0.5),))
