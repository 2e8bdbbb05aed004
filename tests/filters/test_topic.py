"""The topic filter knows topics from a few words of the operator's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from app.testing import conformance
from filters import Context, Finding, Item, Stage
from filters.topic import Topic, TopicOptions
from tests.bundles import write_embedder
from tests.filters.bundled import BundledResources, bundled

TOPICS = {
    "politics": ("elections, parties and politicians", "Which party wins elections?"),
    "medicine": ("drugs, doses and diseases", "Which dose of drugs cures diseases?"),
}
POLITICS = "Tell me which politicians and parties win elections"
MEDICINE = "What dose of those drugs is right"
BREAD = "Bread rises when yeast eats sugar"


@pytest.fixture
async def resources(tmp_path: Path) -> AsyncGenerator[BundledResources]:
    known = [text for texts in TOPICS.values() for text in texts]
    write_embedder(tmp_path, texts=(*known, POLITICS, MEDICINE, BREAD), dimension=256)
    async with bundled(tmp_path) as opened:
        yield opened


async def topic(resources: BundledResources, **options: Any) -> Topic:
    judge = Topic(TopicOptions.model_validate({"topics": TOPICS, **options}))
    await judge.setup(resources)
    return judge


def item(text: str) -> Item:
    return Item(text, Context(Stage.INPUT, text))


async def judged(judge: Topic, text: str) -> Finding:
    finding = await judge.check(item(text))
    assert finding is not None
    return finding


async def test_denied_topics_score_high(resources: BundledResources) -> None:
    judge = await topic(resources)
    politics, medicine, bread = [await judged(judge, t) for t in (POLITICS, MEDICINE, BREAD)]

    assert (politics.label, medicine.label) == ("politics", "medicine")
    assert min(politics.score, medicine.score) > 0.9
    assert bread.score < 0.1
    assert politics.scores["medicine"] < 0.5
    assert [(r.start, r.end) for r in politics.ranges] == [(0, len(POLITICS))]


async def test_everything_but_allowed_topics_scores_high(resources: BundledResources) -> None:
    judge = await topic(resources, mode="allow")
    politics, bread = await judged(judge, POLITICS), await judged(judge, BREAD)

    assert politics.score < 0.1
    assert (bread.score > 0.7, bread.label) == (True, "other")


async def test_how_close_is_close_is_an_option(resources: BundledResources) -> None:
    strict = await judged(await topic(resources, closeness=0.95), POLITICS)
    usual = await judged(await topic(resources), POLITICS)

    assert strict.score < 0.5 < usual.score


@pytest.mark.parametrize("text", ["Hello!", "Thank you.", " ", "👍👍👍👍"])
async def test_a_greeting_is_about_nothing(resources: BundledResources, text: str) -> None:
    assert await (await topic(resources, mode="allow")).check(item(text)) is None


@pytest.mark.parametrize(
    "options", [{"topics": {}}, {"topics": {"a": []}}, {"closeness": 1.0}, {"mode": "maybe"}]
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        TopicOptions.model_validate({"topics": TOPICS, **options})


@pytest.mark.parametrize("options", [{}, {"mode": "allow"}, {"unit": "sentence"}])
async def test_it_conforms(resources: BundledResources, options: dict[str, Any]) -> None:
    judge = await topic(resources, **options)
    await conformance.check_filter(judge, examples=[item(POLITICS), item(f"{BREAD}. " * 60)])
