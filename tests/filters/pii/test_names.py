"""Names are found by a model and stand beside what rules find, under one numbering."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.chain.placeholders import MASK
from app.errors import FilterError
from app.exchange import Outcome
from app.recorder.codec import encode
from app.settings import ChainEntry
from app.testing.conformance import check_filter
from filters import Context, Stage
from filters.pii import Pii, PiiOptions
from tests.app.chain.hiding import Repeating
from tests.app.pipelines import Setup, asked
from tests.bundles import write_token_classifier
from tests.filters.bundled import BundledResources, bundled
from tests.filters.items import found, item, judged, rewritten

WORDS = {
    "B-PER": ["anna", "berta"],
    "I-PER": ["smith", "van"],
    "B-LOC": ["paris"],
    "B-ORG": ["acme"],
}
EVERY = {"PER": "person", "LOC": "place", "ORG": "organization"}


@pytest.fixture
async def resources(tmp_path: Path) -> AsyncGenerator[BundledResources]:
    write_token_classifier(tmp_path, WORDS)
    async with bundled(tmp_path) as opened:
        yield opened


async def pii(resources: BundledResources, **options: Any) -> Pii:
    judge = Pii(PiiOptions.model_validate({"names": "names", **options}))
    await judge.setup(resources)
    return judge


def placed(judge: Pii, stage: Stage = Stage.INPUT) -> Instance:
    entry = {"id": f"pii-{stage}", "filter": "pii", "stage": stage, "action": "rewrite"}
    return Instance(ChainEntry.model_validate({**entry, "deadline_ms": 60_000}), judge)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna Smith of Acme is in Paris.", [("person", "Anna Smith")]),
        (
            "Write to Berta, berta@example.org, or ring +44 20 7946 0958.",
            [("person", "Berta"), ("email", "berta@example.org"), ("phone", "+44 20 7946 0958")],
        ),
        ("An\u200bna SMI\u00adTH is here.", [("person", "An\u200bna SMI\u00adTH")]),
        ("Nobody is here.", []),
        ("", []),
        ("\u200b", []),
    ],
)
async def test_names_are_found_beside_what_rules_find(
    resources: BundledResources, text: str, expected: list[tuple[str, str]]
) -> None:
    assert await found(await pii(resources), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna@example.org", [("email", "anna@example.org")]),
        ("anna.smith@paris.org", [("email", "anna.smith@paris.org")]),
        ("van smith@example.org", [("person", "van"), ("email", "smith@example.org")]),
        ("x@acme.org Smith", [("email", "x@acme.org"), ("person", "Smith")]),
    ],
)
async def test_what_a_rule_finds_is_no_name(
    resources: BundledResources, text: str, expected: list[tuple[str, str]]
) -> None:
    assert await found(await pii(resources, name_labels=EVERY), text) == expected


async def test_the_operator_says_which_names_count(resources: BundledResources) -> None:
    text = "Anna Smith of Acme is in Paris."
    every = await pii(resources, name_labels=EVERY)
    places = await pii(resources, name_labels={"LOC": "place"})

    assert await found(every, text) == [
        ("person", "Anna Smith"),
        ("organization", "Acme"),
        ("place", "Paris"),
    ]
    assert await found(places, text) == [("place", "Paris")]


async def test_what_is_allowed_is_left_alone(resources: BundledResources) -> None:
    judge = await pii(resources, allow=["anna smith", "@gate.example"])

    text = "ANNA Smith, Anna, anna@gate.example"
    assert await found(judge, text) == [("person", "Anna")]


async def test_a_name_is_as_sure_as_the_model_and_the_threshold_is_one_half(
    resources: BundledResources,
) -> None:
    sure = await (await pii(resources)).check(item("Anna is here."))
    strict = await (await pii(resources, name_threshold=0.999)).check(item("Anna is here."))
    both = await (await pii(resources)).check(item("Anna: anna@example.org"))

    assert sure is not None
    assert sure.label == "person"
    assert 0.9 < sure.score < 1.0
    assert strict is None
    assert both is not None
    assert (both.label, both.score, both.scores["person"]) == ("email", 1.0, sure.score)


async def test_a_model_that_knows_no_persons_stops_the_start(tmp_path: Path) -> None:
    write_token_classifier(tmp_path, {"GIVENNAME": ["anna"], "CITY": ["paris"]})
    async with bundled(tmp_path) as resources:
        with pytest.raises(
            ValueError, match=r"no label PER or PERSON, only GIVENNAME, CITY: name_l"
        ):
            await pii(resources)
        judge = await pii(resources, name_labels={"GIVENNAME": "person"})
        assert await found(judge, "Anna in Paris") == [("person", "Anna")]


async def test_a_label_that_the_model_lacks_stops_the_start(resources: BundledResources) -> None:
    with pytest.raises(ValueError, match="no label 'CITY', only PER, LOC, ORG"):
        await pii(resources, name_labels={"CITY": "place"})


async def test_an_example_that_is_not_found_stops_the_start(resources: BundledResources) -> None:
    async def opened(example: str) -> None:
        judge = Pii(PiiOptions(names="names", name_example=example))
        await Chain([placed(judge)]).open(resources)

    await opened("I am Anna.")
    with pytest.raises(FilterError, match="does not tell its known good from its known bad"):
        await opened("I am Zoe.")


@pytest.mark.parametrize(
    "options", [{"names": "", "name_labels": EVERY}, {"names": "", "kinds": []}, {"names": ""}]
)
def test_options_that_make_no_sense_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="names"):
        PiiOptions.model_validate({"name_example": "Anna", **options})


async def test_only_names_are_judged_by_sentence(resources: BundledResources) -> None:
    assert (await pii(resources)).unit == Pii.unit
    judge = await pii(resources, kinds=[])

    assert judge.unit.kind == "sentence"
    assert await found(judge, "Anna: anna@example.org") == [("person", "Anna"), ("person", "anna")]


@pytest.mark.parametrize("shift", range(0, 360, 11))
async def test_no_border_of_a_window_hides_or_cuts_a_name(
    resources: BundledResources, shift: int
) -> None:
    judge = await pii(resources)
    text = "x. " * ((judge.unit.size - shift) // 3) + "Anna van Smith" + " y." * 300 + " Berta."

    ranges = await judged(judge, text)

    seen = list(dict.fromkeys(text[r.start : r.end] for r in ranges))
    assert seen == ["Anna van Smith", "Berta"]
    hidden = text.replace("Anna van Smith", "[person]").replace("Berta", "[person]")
    assert rewritten(text, ranges) == hidden


@pytest.mark.parametrize("shift", range(100, 420, 20))
async def test_a_name_as_long_as_what_windows_share_is_hidden_all_the_same(
    resources: BundledResources, shift: int
) -> None:
    judge = await pii(resources)
    name = "Anna" + " van" * 70
    text = "x. " * ((judge.unit.size - shift) // 3) + name + " y." * 300

    assert rewritten(text, await judged(judge, text)).count("van") == 0


async def test_every_one_of_many_short_sentences_is_read(resources: BundledResources) -> None:
    ranges = await judged(await pii(resources), "Anna. " * 2_000)

    assert len({r.start for r in ranges}) == 2_000


async def test_the_client_gets_its_names_and_the_model_and_the_log_do_not(
    resources: BundledResources,
) -> None:
    judge = await pii(resources, restore=True)
    setup = Setup(chain=[placed(judge), placed(judge, Stage.OUTPUT)], engine=Repeating([]))
    exchange = asked("I am Anna Smith, anna@example.org. ANNA\n SMITH writes to Berta, not Anna.")

    released = "".join([text async for text in setup.pipeline.stream(exchange)])

    hidden = "I am [PERSON_1], [EMAIL_1]. [PERSON_1] writes to [PERSON_2], not [PERSON_3]."
    assert exchange.outcome is Outcome.REWRITTEN
    assert setup.engine.prompts[0].messages[-1].content == exchange.completion == hidden
    assert released == ("I am Anna Smith, anna@example.org. Anna Smith writes to Berta, not Anna.")
    assert exchange.prompt == (
        f"I am {MASK * 10}, {MASK * 16}. {MASK * 11} writes to {MASK * 5}, not {MASK * 4}."
    )
    assert b"nna" not in encode(exchange)


async def test_requests_at_the_same_time_never_mix(resources: BundledResources) -> None:
    judge = await pii(resources, restore=True)
    setup = Setup(chain=[placed(judge)], engine=Repeating([]))
    texts = [
        f"I am {name}, a{number}@example.org. {'Anna. ' * (number * 7 % 5)}" + "I sing. " * 70
        for number, name in zip(range(24), itertools.cycle(["Anna Smith", "Berta", "Anna"]))
    ]
    exchanges = [asked(text) for text in texts]

    await asyncio.gather(*(setup.pipeline.run(exchange) for exchange in exchanges))

    assert [exchange.released for exchange in exchanges] == texts
    assert all(
        exchange.completion.startswith("I am [PERSON_1], [EMAIL_1].") for exchange in exchanges
    )


PARTS = st.sampled_from(
    ["Anna", "Smith", "van", "berta@example.org", "Paris", "x", ". ", ", ", " ", "\n- ", "\u200b"]
)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # one model for all of them
)
@given(st.lists(PARTS, max_size=60), st.lists(st.integers(0, 400), max_size=8).map(sorted))
async def test_a_stream_is_what_the_whole_text_is(
    resources: BundledResources, parts: list[str], cuts: list[int]
) -> None:
    text = "".join(parts)
    judge = await pii(resources, kinds=[] if len(cuts) % 2 else ["email"])

    async def through(pieces: list[str]) -> tuple[str, Any]:
        stage = Chain([placed(judge, Stage.OUTPUT)]).stage(Stage.OUTPUT)
        run = stage.text(Context(Stage.OUTPUT, "Who?"))
        released = "".join([await run.feed(piece) for piece in pieces])
        return released + await run.feed("", last=True), stage.edits

    pieces = [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]
    assert await through(pieces) == await through([text]) == await through(list(text))


@pytest.mark.parametrize("kinds", [["email", "phone"], []])
async def test_it_conforms(resources: BundledResources, kinds: list[str]) -> None:
    judge = await pii(resources, kinds=kinds, name_labels=EVERY)

    text = "Anna van Smith (anna@example.org) is in Paris. " * 4
    await check_filter(judge, examples=[item(text), item("Berta of Acme")])
