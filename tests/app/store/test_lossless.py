import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.lossless import clean, pack, unpack
from tests.exchanges import ANY_TEXT, JSON


def stored(row: dict[str, Any], *json_columns: str) -> dict[str, Any]:
    """Read the JSON as Postgres' driver would."""
    return row | {name: json.loads(row[name]) for name in json_columns}


@given(ANY_TEXT, JSON | st.sampled_from([math.nan, math.inf, -math.inf, [math.nan]]))
def test_everything_comes_back(text: str, value: Any) -> None:
    row = pack({"text": text, "none": None}, {"value": value})
    back = unpack(stored(row, "value"))

    assert back["text"] == text
    assert back["none"] is None
    assert repr(back["value"]) == repr(value)  # NaN equals nothing, and -0.0 equals 0.0


@given(ANY_TEXT, JSON | st.sampled_from([math.nan, math.inf, -math.inf, [math.nan]]))
def test_nothing_is_left_that_postgres_refuses(text: str, value: Any) -> None:
    row = pack({"text": text}, {"value": value})
    value = json.loads(row["value"], parse_constant=pytest.fail)
    for written in (row["text"], *strings(value)):
        assert written.encode() is not None
        assert "\0" not in written


def strings(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [s for pair in value.items() for part in pair for s in strings(part)]
        case list():
            return [s for part in value for s in strings(part)]
    return []


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_usual_text_is_stored_once(text: str) -> None:
    assert pack({"text": text}, {"value": [text, text + "\\u0000"]})["originals"] is None


def test_two_surrogates_side_by_side_stay_two() -> None:
    pair = "\ud83d\ude00"
    back = unpack(stored(pack({"text": pair}, {"value": {pair: pair}}), "value"))

    assert back["text"] == pair
    assert back["value"] == {pair: pair}


def test_names_that_become_equal_when_cleaned_both_come_back() -> None:
    value = {"\0": 1, "\ud800": 2}

    assert unpack(stored(pack({}, {"value": value}), "value"))["value"] == value


def test_a_cleaned_text_is_readable() -> None:
    assert clean("a\0b\udfffc\N{GRINNING FACE}") == "a\ufffdb\ufffdc\N{GRINNING FACE}"
