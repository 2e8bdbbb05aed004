"""The classifier filter takes models that somebody else has trained, and gives labels a meaning."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from app.chain.instance import Instance
from app.errors import FilterError
from app.settings import ChainEntry
from app.testing import conformance
from filters import Context, Finding, Item, Stage
from filters.classifier import Classifier, ClassifierOptions
from tests.bundles import write_classifier
from tests.filters.bundled import BundledResources, bundled

WORDS = {"LABEL_0": (), "LABEL_1": ("spam",), "LABEL_2": ("scam", "fraud")}
LABELS = {"LABEL_1": "advertising", "LABEL_2": "fraud"}


def item(text: str) -> Item:
    return Item(text, Context(Stage.INPUT, text))


@pytest.fixture
async def resources(tmp_path: Path) -> AsyncGenerator[BundledResources]:
    write_classifier(tmp_path, WORDS, name="letters", activation="softmax")
    async with bundled(tmp_path) as opened:
        yield opened


async def classifier(resources: BundledResources, **options: Any) -> Classifier:
    given = {"model": "letters", "labels": LABELS, **options}
    judge = Classifier(ClassifierOptions.model_validate(given))
    await judge.setup(resources)
    return judge


async def judged(judge: Classifier, text: str) -> Finding:
    finding = await judge.check(item(text))
    assert finding is not None
    return finding


async def test_bad_labels_get_the_names_that_the_operator_gives(
    resources: BundledResources,
) -> None:
    finding = await judged(await classifier(resources), "this is a scam")

    assert finding.label == "fraud"
    assert finding.score > 0.9
    assert finding.scores.keys() == {"advertising", "fraud"}
    assert [(r.start, r.end, r.label) for r in finding.ranges] == [(0, 14, "fraud")]


async def test_labels_that_are_not_named_are_harmless(resources: BundledResources) -> None:
    judge = await classifier(resources, labels={"LABEL_1": "advertising"})

    assert (await judged(judge, "this is a scam")).score < 0.05
    assert (await judged(judge, "a letter")).score < 0.05


async def test_weights_say_how_bad_a_label_is(resources: BundledResources) -> None:
    judge = await classifier(resources, weights={"LABEL_1": 0.4})

    assert (await judged(judge, "some spam")).score == pytest.approx(0.4, abs=0.03)
    assert (await judged(judge, "a scam")).score > 0.9


async def test_a_threshold_becomes_one_half(resources: BundledResources) -> None:
    plain = (await judged(await classifier(resources), "some spam")).score
    judge = await classifier(resources, thresholds={"LABEL_1": plain})

    assert (await judged(judge, "some spam")).score == pytest.approx(0.5, abs=1e-3)


async def test_shades_of_bad_may_be_added_up(resources: BundledResources) -> None:
    both = "spam and scam"
    worst = await judged(await classifier(resources), both)
    added = await judged(await classifier(resources, combine="sum"), both)

    assert worst.score == pytest.approx(0.5, abs=0.02)
    assert added.score > 0.95


async def test_outputs_may_be_read_as_a_sigmoids(resources: BundledResources) -> None:
    judge = await classifier(resources, activation="sigmoid")

    finding = await judged(judge, "spam and scam")

    assert min(finding.scores.values()) > 0.95


@pytest.mark.parametrize("place", [0, 30, 60, 61, 200, 900])
async def test_nothing_of_a_long_text_is_left_unread(
    resources: BundledResources, place: int
) -> None:
    text = "fine " * place + "scam" + " fine" * 200

    assert (await judged(await classifier(resources), text)).score > 0.9


async def test_white_space_is_nothing(resources: BundledResources) -> None:
    assert await (await classifier(resources)).check(item(" \n")) is None


async def test_a_label_that_the_model_lacks_stops_the_start(resources: BundledResources) -> None:
    with pytest.raises(ValueError, match="no label 'SPAM', only LABEL_0, LABEL_1, LABEL_2"):
        await classifier(resources, labels={"SPAM": "spam"})


@pytest.mark.parametrize(
    "options",
    [
        {"labels": {}},
        {"weights": {"LABEL_1": 0.0}},
        {"weights": {"LABEL_1": 1.5}},
        {"weights": {"LABEL_0": 0.5}},
        {"thresholds": {"LABEL_1": 1.0}},
        {"thresholds": {"LABEL_0": 0.5}},
        {"bad_example": "spam"},
        {"model": None},
    ],
)
async def test_options_that_mean_nothing_are_refused(
    resources: BundledResources, options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        await classifier(resources, **options)


async def test_the_operators_examples_must_separate(resources: BundledResources) -> None:
    options = {"model": "letters", "labels": LABELS, "good_example": "spam", "bad_example": "hello"}
    entry = ChainEntry.model_validate(
        {
            "id": "letters",
            "filter": "classifier",
            "stage": "input",
            "action": "flag",
            "options": options,
        }
    )
    instance = Instance(entry, Classifier(ClassifierOptions.model_validate(options)))

    with pytest.raises(FilterError, match="does not tell its known good from its known bad"):
        await instance.open(resources)


@pytest.mark.parametrize("unit", ["sentence", "document"])
async def test_it_conforms(resources: BundledResources, unit: str) -> None:
    judge = await classifier(resources, unit=unit, bad_example="a scam", good_example="a letter")

    assert judge.unit.kind == unit
    await conformance.check_filter(judge, examples=[item("some spam"), item("a scam " * 100)])
