"""Numbers, units and names are found in the forms people write them in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.grounding.facts import names, number_words, quantities


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It costs $1,000.50 today", [("1000.5", "dollar")]),
        ("5% or 5 percent", [("5", "percent"), ("5", "percent")]),
        ("10km and 3,5 litres", [("10", "km"), ("3.5", "l")]),
        ("at -5 °C, not 5", [("-5", "celsius"), ("5", "")]),
        ("on 2026-01-31, the 3rd", [("2026", ""), ("1", ""), ("31", ""), ("3", "")]),
        ("1'000'000 people", [("1000000", "")]),
        ("v1.2.3 of mp3 and A55", []),
        ("007 and 2.50", [("7", ""), ("2.5", "")]),
    ],
)
def test_quantities(text: str, found: list[tuple[str, str]]) -> None:
    assert [(fact.value, fact.unit) for fact in quantities(text)] == found


def test_number_words_and_months() -> None:
    assert [fact.value for fact in number_words("Nine of twelve in January, one may go")] == [
        "9",
        "12",
        "1",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The gate was built by Otto Lang's son.", ["Otto", "Lang"]),
        ("NATO met in Berlin. Then everyone left.", ["NATO", "Berlin"]),
        ("I use an iPhone", ["iPhone"]),
        ("He said: “Water flows here.”", []),
        ("Ten Ways To Build A Gate", []),
        ("the gate", []),
    ],
)
def test_names(text: str, found: list[str]) -> None:
    assert [fact.value for fact in names(text)] == found


@given(text=st.text())
def test_facts_stand_where_they_say(text: str) -> None:
    for fact in (*quantities(text), *number_words(text), *names(text)):
        assert 0 <= fact.start < fact.end <= len(text)
