"""The relevance filter compares what an answer and its question are about."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.testing import conformance
from filters import Context, Item, Stage
from filters.relevance import Relevance, RelevanceOptions
from tests.bundles import write_embedder
from tests.filters.bundled import BundledResources, bundled

QUESTION = "How do lock gates hold the water of a canal?"
GOOD = "Lock gates hold the canal water because they close against its weight."
BAD = "Bread rises when yeast eats sugar, so keep dough somewhere warm."
KNOWN = (*(c.text for c in Relevance(RelevanceOptions()).canaries()), QUESTION, GOOD, BAD)
ASKED = Relevance(RelevanceOptions()).canaries()[0].question


@pytest.fixture
async def resources(tmp_path: Path) -> AsyncGenerator[BundledResources]:
    write_embedder(tmp_path, texts=(*KNOWN, ASKED))
    async with bundled(tmp_path) as opened:
        yield opened


async def relevance(resources: BundledResources, fewest_words: int = 6) -> Relevance:
    judge = Relevance(RelevanceOptions(fewest_words=fewest_words))
    await judge.setup(resources)
    return judge


def item(text: str, question: str = QUESTION, *, abstained: bool = False) -> Item:
    return Item(text, Context(Stage.OUTPUT, question, abstained=abstained))


async def test_an_answer_to_something_else_scores_high(resources: BundledResources) -> None:
    judge = await relevance(resources)
    good, bad = await judge.check(item(GOOD)), await judge.check(item(BAD))

    assert good is not None
    assert bad is not None
    assert good.score < 0.1
    assert bad.score > 0.9
    assert [(r.start, r.end, r.label) for r in bad.ranges] == [(0, len(BAD), "irrelevant")]


@pytest.mark.parametrize(
    "unjudged",
    [item("In 1931."), item(BAD, ""), item(BAD, "?!"), item(BAD, abstained=True), item(" ")],
)
async def test_what_cannot_be_compared_is_not_judged(
    resources: BundledResources, unjudged: Item
) -> None:
    assert await (await relevance(resources)).check(unjudged) is None


async def test_how_short_is_too_short_is_an_option(resources: BundledResources) -> None:
    assert await (await relevance(resources, 1)).check(item("Bread.")) is not None
    assert (await relevance(resources, 40)).canaries() == ()


def test_it_stands_at_the_output_only() -> None:
    assert Relevance.stages == {Stage.OUTPUT}


async def test_it_conforms(resources: BundledResources) -> None:
    await conformance.check_filter(
        await relevance(resources), examples=[item(GOOD), item(BAD), item(BAD * 40)]
    )
