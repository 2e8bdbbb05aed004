"""The token classifier filter marks whole words and stretches, whatever pieces a model reads."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from app.testing import conformance
from filters import Context, Item, Stage
from filters.token_classifier import TokenClassifier, TokenClassifierOptions
from tests.bundles import write_token_classifier
from tests.filters.bundled import BundledResources, bundled

WORDS = {
    "B-PER": ["anna", "berta"],
    "I-PER": ["smith", "van", "##son"],
    "B-LOC": ["paris"],
    "I-LOC": ["lake"],
}
LABELS = {"PER": "person", "LOC": "place"}


def item(text: str) -> Item:
    return Item(text, Context(Stage.OUTPUT, text))


@pytest.fixture
async def resources(tmp_path: Path) -> AsyncGenerator[BundledResources]:
    write_token_classifier(tmp_path, WORDS)
    async with bundled(tmp_path) as opened:
        yield opened


async def names(resources: BundledResources, **options: Any) -> TokenClassifier:
    given = {"model": "names", "labels": LABELS, **options}
    judge = TokenClassifier(TokenClassifierOptions.model_validate(given))
    await judge.setup(resources)
    return judge


async def found(judge: TokenClassifier, text: str) -> list[tuple[str, str]]:
    finding = await judge.check(item(text))
    return [(text[r.start : r.end], r.label) for r in finding.ranges] if finding else []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna Smith lives in Paris.", [("Anna Smith", "person"), ("Paris", "place")]),
        ("Anna van Smith", [("Anna van Smith", "person")]),
        ("Anna Berta", [("Anna", "person"), ("Berta", "person")]),
        ("Anna, Smith", [("Anna", "person"), ("Smith", "person")]),
        ("(ÁNNA)", [("ÁNNA", "person")]),
        ("the Lake", [("Lake", "place")]),
        ("nobody is here", []),
        ("👍 Anna 👍", [("Anna", "person")]),
    ],
)
async def test_stretches_are_found_in_place(
    resources: BundledResources, text: str, expected: list[tuple[str, str]]
) -> None:
    assert await found(await names(resources), text) == expected


async def test_a_word_is_marked_whole(resources: BundledResources) -> None:
    judge = await names(resources, thresholds={"PER": 0.3})

    assert await found(judge, "ask annason now") == [("annason", "person")]


async def test_only_the_named_kinds_count(resources: BundledResources) -> None:
    judge = await names(resources, labels={"LOC": "place"})

    assert await found(judge, "Anna Smith in Paris") == [("Paris", "place")]


async def test_the_score_is_that_of_the_surest(resources: BundledResources) -> None:
    finding = await (await names(resources)).check(item("Anna Smith in Paris"))

    assert finding is not None
    assert finding.score == max(r.score for r in finding.ranges) > 0.9
    assert finding.scores.keys() == {"person", "place"}


@pytest.mark.parametrize("place", [0, 40, 58, 59, 60, 61, 62, 400])
async def test_nothing_of_a_long_text_is_left_unread(
    resources: BundledResources, place: int
) -> None:
    text = "we " * place + "Anna Smith" + " was" * 80

    assert await found(await names(resources), text) == [("Anna Smith", "person")]


async def test_a_kind_that_the_model_lacks_stops_the_start(resources: BundledResources) -> None:
    with pytest.raises(ValueError, match="no label 'ORG', only PER, LOC"):
        await names(resources, labels={"ORG": "company"})


@pytest.mark.parametrize("unit", ["sentence", "document"])
async def test_it_conforms(resources: BundledResources, unit: str) -> None:
    judge = await names(resources, unit=unit, bad_example="I am Anna", good_example="I am here")

    assert judge.unit.kind == unit
    await conformance.check_filter(
        judge, examples=[item("Anna Smith in Paris"), item("Anna van Smith " * 50)]
    )
