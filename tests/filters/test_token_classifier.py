"""The token classifier filter marks whole words and stretches, whatever pieces a model reads."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from app.chain.instance import Instance
from app.chain.placeholders import MASK
from app.settings import ChainEntry
from app.testing import conformance
from filters import Context, Item, Placeholders, Stage
from filters.token_classifier import TokenClassifier, TokenClassifierOptions
from tests.app.chain.hiding import Repeating
from tests.app.pipelines import Setup, asked
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
    examples = [item("Anna Smith in Paris"), item("Anna van Smith " * 50)]
    await conformance.check_filter(judge, examples=examples)
    await conformance.check_filter(
        await names(resources, unit=unit, numbered=True), examples=examples
    )


def test_the_options_say_what_becomes_of_it() -> None:
    def made(**options: Any) -> TokenClassifier:
        given = {"model": "names", "labels": LABELS, **options}
        return TokenClassifier(TokenClassifierOptions.model_validate(given))

    assert made().placeholders is None
    assert made(numbered=True).placeholders == Placeholders()
    hidden = made(numbered=True, restore=True, keep_in_record=True)
    assert hidden.placeholders == Placeholders(restore=True, keep=True)
    with pytest.raises(ValueError, match="restore needs numbered"):
        made(restore=True)


async def test_what_any_model_marks_can_be_hidden_and_come_back(
    resources: BundledResources,
) -> None:
    judge = await names(resources, numbered=True, restore=True)
    entry = {"id": "t", "filter": "token_classifier", "stage": "input", "action": "rewrite"}
    placed = Instance(ChainEntry.model_validate({**entry, "deadline_ms": 60_000}), judge)
    setup, exchange = Setup(chain=[placed], engine=Repeating([])), asked("Anna and ANNA in Paris.")

    await setup.pipeline.run(exchange)

    assert exchange.completion == "[PERSON_1] and [PERSON_2] in [PLACE_1]."
    assert exchange.released == "Anna and ANNA in Paris."
    assert exchange.prompt == f"{MASK * 4} and {MASK * 4} in {MASK * 5}."
