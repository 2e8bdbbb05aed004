"""Near duplicates."""

from __future__ import annotations

import pytest

from scripts.corpus.near import index_of, signatures
from scripts.corpus.row import Row

pytestmark = pytest.mark.train
LONG = (
    "The gate was built in the spring of the year after the flood, by masons from the village "
    "who had never built one before, and it has held the water of the lake back ever since"
)


def _row(text: str, pair: str | None = None, **labels: float) -> Row:
    return Row(group="g", text=text, pair=pair, labels=labels)


def _is_near(one: Row, other: Row) -> bool:
    return index_of([one]).knows(next(iter(signatures([other]))))


@pytest.mark.parametrize(
    "other",
    [LONG, LONG.upper(), f"  {LONG}!", LONG.replace(",", ";"), LONG.replace("since", "after")],
)
def test_a_text_is_near_to_itself_with_small_changes(other: str) -> None:
    assert _is_near(_row(LONG), _row(other))


@pytest.mark.parametrize(
    "other", ["Cats sleep for most of the day and hunt at night.", LONG[: len(LONG) // 2]]
)
def test_another_text_is_not_near(other: str) -> None:
    assert not _is_near(_row(LONG), _row(other))


def test_claims_about_one_passage_are_not_near() -> None:
    one = _row(LONG, "Masons from the village built the gate.", supported=1)
    other = _row(LONG, "The gate was built before the flood came.", supported=0)

    assert not _is_near(one, other)


def test_one_question_about_two_passages_is_not_near() -> None:
    question = "Who built the gate that holds back the water of the lake?"

    assert not _is_near(_row(question, LONG), _row(question, "Cats hunt at night."))
    assert _is_near(_row(question, LONG), _row(question.lower(), LONG))
