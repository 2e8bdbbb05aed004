"""What a language model makes up, it makes up differently each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.errors import EngineBusy
from app.testing import conformance
from filters import Context, Item, Passage, Stage
from filters.self_consistency import SelfConsistency, SelfConsistencyOptions
from tests.bundles import write_decoder, write_embedder
from tests.filters.bundled import BundledResources, bundled

SURE = [b"Gates hold ", b"the water ", b"of the lake."]
SAID = "Gates hold the water of the lake."
OTHER = "Bread rises when yeast eats sugar."


@pytest.fixture
async def resources(tmp_path: Path) -> AsyncGenerator[BundledResources]:
    write_embedder(tmp_path, texts=(SAID, OTHER))
    write_decoder(tmp_path, SURE, name="sure")
    write_decoder(tmp_path, name="babble")
    async with bundled(tmp_path) as opened:
        yield opened


async def judge_of(resources: BundledResources, **options: Any) -> SelfConsistency:
    given = {"model": "sure", "max_tokens": 16, **options}
    judge = SelfConsistency(SelfConsistencyOptions.model_validate(given))
    await judge.setup(resources)
    return judge


def item(text: str, question: str = "What do gates hold?", *, abstained: bool = False) -> Item:
    return Item(text, Context(Stage.OUTPUT, question, abstained=abstained))


async def test_what_is_said_again_scores_low(resources: BundledResources) -> None:
    judge = await judge_of(resources)
    same, other = await judge.check(item(SAID)), await judge.check(item(OTHER))

    assert same is not None
    assert other is not None
    assert same.score < 0.2
    assert other.score > 0.6


async def test_each_sentence_has_its_own_score(resources: BundledResources) -> None:
    finding = await (await judge_of(resources)).check(item(f"{SAID} {OTHER}"))

    assert finding is not None
    first, second = finding.ranges
    assert (first.start, first.end, second.end) == (0, len(SAID), len(SAID) + 1 + len(OTHER))
    assert first.score < 0.2 < 0.6 < second.score
    assert finding.score == pytest.approx((first.score + second.score) / 2)


async def test_a_model_that_babbles_agrees_with_nothing(resources: BundledResources) -> None:
    finding = await (await judge_of(resources, model="babble")).check(item(SAID))

    assert finding is not None
    assert finding.score > 0.6


class Noted:
    """A generator that notes what it is asked, and knows one answer."""

    def __init__(self, certainty: float = 1.0) -> None:
        self.asked: list[tuple[str, tuple[str, ...], int]] = []
        self.text = SAID
        self.certainty = certainty
        self.running = 0
        self.hangs = False

    async def sample(
        self, question: str, passages: Sequence[str], *, seed: int, **_: float
    ) -> Noted:
        self.asked.append((question, tuple(passages), seed))
        self.running += 1
        try:
            await (asyncio.Event().wait() if self.hangs else asyncio.sleep(0))
        finally:
            self.running -= 1
        return self


async def noted(resources: BundledResources, model: Noted, **options: Any) -> SelfConsistency:
    judge = await judge_of(resources, **options)
    judge._generator = model
    return judge


async def test_the_question_is_asked_with_its_passages_as_often_as_is_said(
    resources: BundledResources,
) -> None:
    model = Noted()
    context = Context(Stage.OUTPUT, "What?", (Passage("p", "Gates.", "g.md"),))

    await (await noted(resources, model, samples=3)).check(Item(SAID, context))

    assert model.asked == [("What?", ("Gates.",), seed) for seed in range(3)]


async def test_unlikely_tokens_count(resources: BundledResources) -> None:
    sure = await (await noted(resources, Noted(1.0))).check(item(SAID))
    unsure = await (await noted(resources, Noted(0.1))).check(item(SAID))

    assert sure is not None
    assert unsure is not None
    assert unsure.score - sure.score == pytest.approx(0.18, abs=1e-3)


async def test_samples_end_with_the_check(resources: BundledResources) -> None:
    model = Noted()
    model.hangs = True
    judge = await noted(resources, model)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await judge.check(item(SAID))

    assert (len(model.asked), model.running) == (2, 0)


async def test_a_full_queue_is_told_as_such(resources: BundledResources) -> None:
    class Full(Noted):
        async def sample(self, question: str, passages: Sequence[str], **_: Any) -> Noted:
            raise EngineBusy

    with pytest.raises(EngineBusy):
        await (await noted(resources, Full())).check(item(SAID))


@pytest.mark.parametrize("unjudged", [item(" "), item(SAID, " "), item(SAID, abstained=True)])
async def test_nothing_is_asked_for_nothing(resources: BundledResources, unjudged: Item) -> None:
    model = Noted()

    assert await (await noted(resources, model)).check(unjudged) is None
    assert model.asked == []


async def test_it_conforms(resources: BundledResources) -> None:
    await conformance.check_filter(
        await judge_of(resources), examples=[item(SAID), item(f"{OTHER} " * 90)]
    )
