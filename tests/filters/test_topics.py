"""Names are found under their topic, however they are written, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.testing.conformance import check_filter
from filters.topics import Topics, TopicsOptions
from tests.filters.items import found, item, judged, rewritten

RIVALS = {"acme": ["Acme", "Roadrunner Trap", "Wile & Co"], "globex": ["Globex", "Glöbex Energy"]}


def topics(**options: Any) -> Topics:
    return Topics(TopicsOptions.model_validate({"topics": RIVALS} | options))


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("acme", "Acme"),
        ("acme", "ACME"),
        ("acme", "Аcme"),  # noqa: RUF001 - a Cyrillic A on purpose
        ("acme", "4cme"),
        ("acme", "Acmeee"),
        ("acme", "A c m e"),
        ("acme", "Ac\u200bme"),
        ("acme", "roadrunner traps"),
        ("acme", "Road\u00adrunner-trap"),
        ("acme", "Wile & Co"),
        ("globex", "Globexes"),
        ("globex", "Globex"),
    ],
)
async def test_a_name_is_found_however_it_is_written(label: str, text: str) -> None:
    assert await found(topics(), f"They bought it from {text}, I hear.") == [(label, text)]


async def test_a_possessive_is_a_name_and_its_ending() -> None:
    assert await found(topics(), "Acme's gates") == [("acme", "Acme")]


async def test_topics_are_told_apart() -> None:
    finding = await topics().check(item("Globex Energy sold Acme."))

    assert finding is not None
    assert [found.label for found in finding.ranges] == ["globex", "acme"]
    assert finding.scores == {"globex": 1.0, "acme": 1.0}


@pytest.mark.parametrize(
    "text", ["pacmen, acmeology", "road runners and traps", "globe x", "", "."]
)
async def test_other_words_are_left_alone(text: str) -> None:
    assert await found(topics(), text) == []


@pytest.mark.parametrize(
    ("name", "plural"),
    [("Company", "companies"), ("Box", "boxes"), ("Toy", "toys"), ("Church", "churches")],
)
async def test_plurals_are_found_unless_switched_off(name: str, plural: str) -> None:
    assert await found(topics(topics={"x": [name]}), plural) == [("x", plural)]
    assert await found(topics(topics={"x": [name]}, inflections=False), plural) == []


async def test_names_can_be_taken_as_they_are_written() -> None:
    judge = topics(topics={"fruit": ["Apple"]}, case_sensitive=True)

    assert await found(judge, "An apple, Apple, 4pple, Apples") == [
        ("fruit", "Apple"),
        ("fruit", "Apples"),
    ]


async def test_what_stands_there_instead_is_the_operators() -> None:
    judge = topics(replacements={"acme": "a competitor"})
    text = "Acme and Globex"

    assert rewritten(text, await judged(judge, text)) == "a competitor and [topic]"


async def test_a_label_that_is_no_name_stands_in_brackets() -> None:
    judge = topics(topics={"rival": ["Acme"]})

    assert rewritten("Acme", await judged(judge, "Acme")) == "[rival]"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"topics": {}}, "at least 1"),
        ({"topics": {"x": []}}, "x needs names"),
        ({"topics": {"x": [""]}}, "x needs names"),
        ({"topics": {"": ["x"]}}, "1 to 64"),
        ({"topics": {"x": ["\u200b"]}}, "no visible character"),
        ({"replacements": {"other": "x"}}, "no topic"),
    ],
)
def test_options_that_make_no_sense_stop_the_start(options: dict[str, Any], reason: str) -> None:
    with pytest.raises((ValidationError, ValueError), match=reason):
        topics(**options)


async def test_it_conforms() -> None:
    await check_filter(topics(), examples=[item("Acme and Globex Energy build gates.")])
