"""The repetition filter finds loops, and leaves alone what repeats itself in good style."""

from __future__ import annotations

from typing import Any

import pytest

from app.testing.conformance import check_filter
from filters.repetition import Repetition, RepetitionOptions
from tests.filters.items import found, item, judged, rewritten


def repetition(**options: Any) -> Repetition:
    return Repetition(RepetitionOptions.model_validate(options))


@pytest.mark.parametrize(
    "period",
    [
        "the ",
        "I am sorry. ",
        "The water runs through the gate.\n",
        "- an item\n- another item\n",
        "ha",
        "x",
        "请问你好吗",
        "ご意見ください。",
        "🙂 yes ",
        "e\u0301a ",
        "1 0 ",
        "Yes! No! YES? ",
        "No, no, no, no, never. ",
        "A sentence of some length that a model may fall into, as they do now and then. " * 2,
    ],
)
async def test_a_loop_is_found_whatever_is_repeated(period: str) -> None:
    loop = (period * (80 // len(period) + 8)).rstrip()
    text = f"It began well enough. {loop}"

    ranges = await judged(repetition(), text)

    assert ranges
    assert ranges[-1].end == len(text)
    assert "It began well enough." in rewritten(text, ranges)
    assert len(rewritten(text, ranges)) < len(text) / 2 or len(period) > 100


async def test_the_first_time_stays_when_the_rest_is_removed() -> None:
    text = "Listen. " + "We go on and on. " * 20 + "The end."

    assert rewritten(text, await judged(repetition(), text)) == "Listen. We go on and on. The end."


async def test_the_score_grows_with_the_repeats() -> None:
    scores = []
    for repeats in (5, 10, 50):
        finding = await repetition(unit="document").check(item("We go on and on. " * repeats))
        assert finding is not None
        scores.append(round(finding.score, 2))

    assert scores == [0.5, 0.75, 0.95]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no no no no no",
        "-" * 200,
        "| a | b | c |\n" + "|---|---|---|" * 6,
        "." * 300,
        "=" * 79 + "\nTitle\n" + "=" * 79,
        "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25",
        "- Wash the car.\n- Wash the dog.\n- Wash the cat.\n- Wash the floor.\n- Wash the windows.",
        "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, "
        "life is but a dream. Row, row, row your boat, gently down the stream.",
        "\n".join(f"item_{n} = compute(item_{n - 1}, {n * 7})" for n in range(30)),
        "\n".join(f"{n}. The gate number {n} opens at {n} o'clock." for n in range(30)),
    ],
)
async def test_what_repeats_itself_in_good_style_is_left_alone(text: str) -> None:
    assert await found(repetition(), text) == []


async def test_a_long_period_needs_a_long_window() -> None:
    paragraph = " ".join(f"word{n}" for n in range(60)) + ".\n\n"
    text = paragraph * 8

    assert await judged(repetition(period=100), text) == []
    assert await judged(repetition(period=500), text)
    assert await judged(repetition(unit="document"), text)


@pytest.mark.parametrize("text", ["x" * 200_000, "a b " * 50_000, "ab" * 100_000, "很" * 100_000])
async def test_a_loop_without_end_is_found_in_one_pass(text: str) -> None:
    finding = await repetition(unit="document").check(item(text))

    assert finding is not None
    assert finding.score > 0.99


@pytest.mark.parametrize("options", [{}, {"unit": "document"}, {"min_repeats": 3}])
async def test_it_conforms(options: dict[str, Any]) -> None:
    await check_filter(repetition(**options), examples=[item("on and on " * 20)])
