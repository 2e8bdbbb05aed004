"""The toxicity filter reads each sentence as it stands and as it is meant."""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from app.chain.instance import Instance
from app.settings import ChainEntry
from app.testing import conformance
from filters import Context, Finding, Item, Stage
from filters.toxicity import Toxicity, ToxicityOptions
from tests.bundles import write_classifier
from tests.filters.bundled import BundledResources, bundled

WORDS = {
    "toxicity": ("idiot", "stupid", "kill", "shit", "hates", "finger", "disgusting", "fuck"),
    "threat": ("kill",),
    "obscene": ("shit", "fuck", "fucking"),
}


def item(text: str, stage: Stage = Stage.OUTPUT) -> Item:
    return Item(text, Context(stage, text))


@pytest.fixture
async def resources(tmp_path: Path) -> AsyncGenerator[BundledResources]:
    write_classifier(tmp_path, WORDS)
    async with bundled(tmp_path) as opened:
        yield opened


async def toxicity(resources: BundledResources, **options: Any) -> Toxicity:
    judge = Toxicity(ToxicityOptions.model_validate(options))
    await judge.setup(resources)
    return judge


async def judged(judge: Toxicity, text: str) -> Finding:
    finding = await judge.check(item(text))
    assert finding is not None
    return finding


async def test_it_scores_the_worst_label_and_tells_all(resources: BundledResources) -> None:
    finding = await judged(await toxicity(resources), "what shit is this")

    assert finding.score > 0.95
    assert finding.label in ("toxicity", "obscene")
    assert finding.scores["obscene"] > 0.95
    assert finding.scores["threat"] < 0.05
    assert [(r.start, r.end) for r in finding.ranges] == [(0, 17)]


async def test_harmless_text_scores_low(resources: BundledResources) -> None:
    assert (await judged(await toxicity(resources), "what a nice day")).score < 0.05


@pytest.mark.parametrize(
    "text",
    ["you 1d1ot", "i d i o t", "ѕtuріd", "sh\u200bit", "k1llll them", "ｓｔｕｐｉｄ", "you 🖕🏿"],
)
async def test_disguised_words_are_read_as_they_are_meant(
    resources: BundledResources, text: str
) -> None:
    assert (await judged(await toxicity(resources), text)).score > 0.9


async def test_only_chosen_labels_count(resources: BundledResources) -> None:
    judge = await toxicity(resources, labels=["threat"])

    assert (await judged(judge, "what shit is this")).score < 0.05
    assert (await judged(judge, "I will kill you")).label == "threat"


async def test_a_labels_own_threshold_becomes_one_half(resources: BundledResources) -> None:
    plain = await judged(await toxicity(resources, labels=["threat"]), "I will kill you")
    raw = plain.scores["threat"]
    judge = await toxicity(resources, labels=["threat"], thresholds={"threat": round(raw, 6)})

    assert (await judged(judge, "I will kill you")).score == pytest.approx(0.5, abs=0.01)
    assert (await judged(judge, "all is well")).score < 0.05


async def test_a_whole_text_shows_each_sentence_with_its_score(
    resources: BundledResources,
) -> None:
    text = (
        "A nice and long sentence about the weather. You idiot, you really are a stupid one. " * 2
    )
    judge = await toxicity(resources, unit="document")

    finding = await judged(judge, text)

    assert [text[r.start : r.end] for r in finding.ranges] == [
        "A nice and long sentence about the weather.",
        "You idiot, you really are a stupid one.",
    ] * 2
    assert [r.score > 0.9 for r in finding.ranges] == [False, True, False, True]


async def test_a_low_threshold_finds_its_ranges_too(tmp_path: Path) -> None:
    write_classifier(tmp_path, {"toxicity": ["scum"]})
    good = "All is well in this lovely old town today. "
    bad = "You are scum, and so are all of your friends. "
    async with bundled(tmp_path) as opened:
        judge = await toxicity(opened, unit="document", thresholds={"toxicity": 0.999})
        finding = await judged(judge, good + bad + good + bad)
        entry = ChainEntry(id="tox", filter="toxicity", stage=Stage.OUTPUT, threshold=0.2)
        ranges = Instance(entry, judge).ranges(finding)

    assert 0.2 < finding.score < 0.5
    assert [r.start for r in ranges] == [len(good), len(good + bad + good)]


async def test_a_whole_text_reads_short_sentences_together(tmp_path: Path) -> None:
    write_classifier(tmp_path, {"toxicity": ["scum"]})
    async with bundled(tmp_path) as opened:
        judge = await toxicity(opened, unit="document")
        text = "You. Are. Scum. And that is all I have to say to you today."

        finding = await judged(judge, text)

    assert [text[r.start : r.end] for r in finding.ranges] == [text]


async def test_a_long_text_is_read_in_small_calls(resources: BundledResources) -> None:
    judge = await toxicity(resources, unit="document")
    text = (
        "This is a sentence of exactly eight words. " * 100 + "It ends with one word that is shit."
    )

    finding = await judged(judge, text)

    assert [text[r.start : r.end] for r in finding.ranges if r.score > 0.5] == [
        "It ends with one word that is shit."
    ]
    assert len(finding.ranges) == 101


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\u200d"])
async def test_nothing_to_see_is_nothing_to_judge(resources: BundledResources, text: str) -> None:
    assert await (await toxicity(resources)).check(item(text)) is None


@pytest.mark.parametrize("options", [{"labels": ["rudeness"]}, {"thresholds": {"rudeness": 0.3}}])
async def test_an_unknown_label_is_refused(
    resources: BundledResources, options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="has no label 'rudeness', only toxicity, threat, obscene"):
        await toxicity(resources, **options)


@pytest.mark.parametrize("threshold", [0.0, 1.0, 7.0])
def test_a_threshold_outside_the_scale_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"thresholds\.threat"):
        Toxicity(ToxicityOptions(thresholds={"threat": threshold}))


async def test_canaries_fit_the_chosen_labels(resources: BundledResources) -> None:
    bad = [c.text for c in (await toxicity(resources, labels=["threat"])).canaries() if c.bad]

    assert bad == ["I will find you and kill you."]


@pytest.mark.parametrize("unit", ["sentence", "document"])
async def test_it_conforms(resources: BundledResources, unit: str) -> None:
    judge = await toxicity(resources, unit=unit)

    await conformance.check_filter(judge, examples=[item("You stupid idiot! How nice.")])
