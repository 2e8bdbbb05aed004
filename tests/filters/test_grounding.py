"""The grounding filter tells what passages support from what they do not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from app.testing import conformance
from filters import Context, Finding, Item, Passage, Stage
from filters.grounding import Grounding, GroundingOptions
from tests.bundles import write_classifier, write_pair_classifier
from tests.filters.bundled import BundledResources, bundled

GATE = (
    "# The gate\n\nThe **gate** was built in 1931 by Otto Lang. It opens at 9:30 and weighs 12 t. "
    "It does not open on Sundays. Water flows through pipes below the gate."
)
CATS = "Cats sleep for most of the day. They hunt at night. A cat costs $1,200 and lives 15 years."
PASSAGES = (Passage("1", GATE, "gate.md"), Passage("2", CATS, "cats.md"))
TRUE = [
    "The gate was built in 1931 by Otto Lang.",
    "the gate WAS built, in 1931, by otto lang",
    "- *It opens at 9:30* and weighs 12 t. [1]",
    "Cats sleep for most of the day.",
    "Water flows through pipes below the gate, and cats hunt.",
]


@pytest.fixture
async def resources(tmp_path: Path) -> AsyncGenerator[BundledResources]:
    write_pair_classifier(tmp_path, texts=[GATE, CATS])
    async with bundled(tmp_path) as opened:
        yield opened


def item(text: str, passages: tuple[Passage, ...] = PASSAGES, **more: Any) -> Item:
    return Item(text, Context(Stage.OUTPUT, more.pop("question", ""), passages, **more))


async def judge(resources: BundledResources, one: Item, **options: Any) -> Finding | None:
    grounding = Grounding(GroundingOptions.model_validate(options))
    await grounding.setup(resources)
    return await grounding.check(one)


async def score(resources: BundledResources, one: Item, **options: Any) -> float:
    finding = await judge(resources, one, **options)
    assert finding is not None
    return finding.score


@pytest.mark.parametrize("claim", TRUE)
async def test_what_a_passage_says_is_supported(resources: BundledResources, claim: str) -> None:
    finding = await judge(resources, item(claim))

    assert finding is not None
    assert finding.score < 0.3
    assert (finding.label, finding.ranges) == ("supported", ())


async def test_support_is_the_best_of_all_passages(resources: BundledResources) -> None:
    for order in PASSAGES, PASSAGES[::-1]:
        assert await score(resources, item("They hunt at night, cats.", order)) < 0.3


async def test_the_evidence_is_the_sentence_of_the_passage(resources: BundledResources) -> None:
    finding = await judge(resources, item("Hunting is what they do at night."))

    assert finding is not None
    evidence = finding.evidence[0]
    assert evidence.passage == 1
    assert CATS[evidence.start : evidence.end] == "They hunt at night."


async def test_literal_evidence_is_exact(resources: BundledResources) -> None:
    for claim in "the gate was built in 1931", "The gate was _built_ in 1931!":
        finding = await judge(resources, item(claim))

        assert finding is not None
        evidence = finding.evidence[0]
        assert finding.score == 0
        assert GATE[evidence.start : evidence.end] == "The **gate** was built in 1931"


@pytest.mark.parametrize(
    "claim",
    [
        "Napoleon ordered golden bridges for emperors.",
        "Submarines melt under volcanic pressure.",
    ],
)
async def test_what_no_passage_says_is_unsupported(resources: BundledResources, claim: str) -> None:
    finding = await judge(resources, item(claim))

    assert finding is not None
    assert finding.score > 0.7
    assert finding.label == "unsupported"
    assert (finding.ranges[0].start, finding.ranges[0].end) == (0, len(claim))


@pytest.mark.parametrize(
    ("claim", "marked"),
    [
        ("The gate was built in 1932 by Otto Lang.", "1932"),
        ("The gate opens at 10:30 and weighs 12 t.", "10"),
        ("The gate weighs 12 kg.", "12"),
        ("Cats hunt at night for eleven hours.", "eleven"),
        ("The gate was built by Emil Lang.", "Emil"),
        ("A cat costs $1,300.", "$1,300"),
    ],
)
async def test_new_numbers_units_and_names_are_marked(
    resources: BundledResources, claim: str, marked: str
) -> None:
    finding = await judge(resources, item(claim))

    assert finding is not None
    assert finding.score >= 0.6
    assert marked in [claim[r.start : r.end] for r in finding.ranges[1:]]


@pytest.mark.parametrize(
    "claim",
    [
        "A cat costs 1200 dollars.",
        "A cat lives fifteen years.",
        "Otto Lang built the gate in 1931.",
    ],
)
async def test_numbers_and_names_are_known_in_another_form(
    resources: BundledResources, claim: str
) -> None:
    finding = await judge(resources, item(claim))

    assert finding is not None
    assert all(r.label not in ("new_number", "new_name") for r in finding.ranges)


async def test_what_the_question_names_is_not_new(resources: BundledResources) -> None:
    claim = "Cats hunt at night in Paris in 2024."
    for question, expected in (
        ("Do cats hunt in Paris in 2024?", []),
        ("Do they?", ["2024", "Paris"]),
    ):
        finding = await judge(resources, item(claim, question=question))

        assert finding is not None
        assert [claim[r.start : r.end] for r in finding.ranges[1:]] == expected


async def test_what_a_title_names_is_not_new(resources: BundledResources) -> None:
    passage = Passage("1", "It was opened by the mayor.", "x", title="The Kiel Gate of 1895")

    finding = await judge(resources, item("The mayor opened the Kiel gate in 1895.", (passage,)))

    assert finding is not None
    assert len(finding.ranges) <= 1


async def test_the_checks_of_facts_can_be_switched_off(resources: BundledResources) -> None:
    claim = item("The gate was built in 1932 by Emil Lang.")

    finding = await judge(resources, claim, numbers=False, names=False)

    assert finding is not None
    assert await score(resources, claim) > finding.score
    assert len(finding.ranges) <= 1


async def test_a_turned_negation_contradicts(resources: BundledResources) -> None:
    finding = await judge(resources, item("It does open on Sundays."))

    assert finding is not None
    assert finding.label == "contradicted"
    assert finding.scores["contradicted"] >= 0.7
    evidence = finding.evidence[0]
    assert GATE[evidence.start : evidence.end] == "It does not open on Sundays."


async def test_words_inside_a_negated_sentence_are_not_taken_literally(
    resources: BundledResources,
) -> None:
    passage = Passage("1", "It is not true that cats sleep all day.", "x")

    assert await score(resources, item("Cats sleep all day.", (passage,))) > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "Is the gate open?",
        "Hello!",
        "You're welcome.",
        "I hope this helps!",
        "I could not find the opening hours in the sources.",
        "Here are the steps:",
        "---",
        "Sure!",
    ],
)
async def test_what_claims_nothing_is_left_alone(resources: BundledResources, text: str) -> None:
    assert await judge(resources, item(text)) is None


@pytest.mark.parametrize(
    "text", ["Sure, the gate is made of cheese.", "I don't know, but the gate opens at 4.", "42"]
)
async def test_a_claim_behind_courtesy_is_judged(resources: BundledResources, text: str) -> None:
    assert await score(resources, item(text)) > 0.5


async def test_an_abstention_claims_nothing(resources: BundledResources) -> None:
    assert await judge(resources, item("The gate is made of cheese.", abstained=True)) is None


@pytest.mark.parametrize("passages", [(), (Passage("1", " \n", "empty"),)])
async def test_without_passages_the_operator_decides(
    resources: BundledResources, passages: tuple[Passage, ...]
) -> None:
    claim = item("The gate is made of cheese.", passages)

    assert await judge(resources, claim) is None
    assert await score(resources, claim, without_passages="fail") == 1.0


async def test_a_bundle_without_the_label_is_refused(tmp_path: Path) -> None:
    write_classifier(tmp_path, {"toxicity": ["bad"]}, name="grounding")
    async with bundled(tmp_path) as opened:
        with pytest.raises(ValueError, match="no label 'supported'"):
            await judge(opened, item("x"))


async def test_long_passages_are_read_around_the_best_sentence(resources: BundledResources) -> None:
    filler = "Nothing of interest happens in this sentence. " * 100
    passage = Passage("1", filler + "They hunt at night. " + filler, "x")

    finding = await judge(resources, item("At night they are hunting.", (passage,)))

    assert finding is not None
    assert finding.score < 0.5
    assert finding.evidence[0].start == len(filler)


async def test_it_conforms(resources: BundledResources) -> None:
    grounding = Grounding(GroundingOptions())
    await grounding.setup(resources)

    await conformance.check_filter(grounding, examples=[item(claim) for claim in TRUE])
