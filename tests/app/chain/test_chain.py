"""What the chain releases, blocks, rewrites and records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chain.chain import Chain, StageRun
from app.chain.instance import Instance
from app.errors import EngineBusy, FilterError, FilterFailed
from app.exchange import Action, Mode, Verdict
from app.settings import ChainEntry
from filters import Busy, Filter, Finding, Item, Stage, Unit
from tests.app.chain.sample_filters import (
    CONTEXT,
    Broken,
    Confused,
    Hanging,
    Malformed,
    Nonsense,
    Word,
    WordOptions,
    instance,
)

DOCUMENT, SENTENCE, WINDOW = Unit.document(), Unit.sentence(), Unit.window(48)


def word(text: str, unit: Unit = SENTENCE, replacement: str | None = None) -> Word:
    return Word(WordOptions(word=text, replacement=replacement), unit)


async def run(instances: Sequence[Instance], pieces: list[str]) -> tuple[str, StageRun]:
    stage = StageRun(instances)
    text_run = stage.text(CONTEXT)
    released = "".join([await text_run.feed(piece) for piece in pieces])
    return released + await text_run.feed("", last=True), stage


async def outcome(
    instances: Sequence[Instance], pieces: list[str]
) -> tuple[str, list[Verdict], str | None, object]:
    released, stage = await run(instances, pieces)
    text_run = stage._runs[0]
    await stage.run_shadows(math.inf)
    verdicts = [replace(v, duration_ms=0.0) for v in stage.verdicts]
    failure = type(text_run.failure).__name__ if text_run.failure else None
    return released, verdicts, failure, text_run.edits


def chop(text: str, sizes: list[int]) -> list[str]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    return [*pieces, text[at:]]


CHAINS = {
    "two judges of different units": lambda: [
        instance(word("bad", SENTENCE), id="a"),
        instance(word("evil", WINDOW), id="b"),
    ],
    "rewriters in order, then judges": lambda: [
        instance(word("bad", WINDOW, "b*d"), id="a", action="rewrite"),
        instance(word("b*d", SENTENCE), id="b", action="rewrite"),
        instance(word("evil", SENTENCE), id="c"),
        instance(word("worse", DOCUMENT), id="d", action="flag"),
    ],
    "a document judge holds everything": lambda: [
        instance(word("evil", DOCUMENT), id="a"),
        instance(word("bad", SENTENCE), id="b", action="flag"),
    ],
    "a broken judge beside a blocking one": lambda: [
        instance(Broken(WordOptions(word="bad")), id="a"),
        instance(word("evil", SENTENCE), id="b"),
    ],
    "a broken rewriter before a blocking judge": lambda: [
        instance(Broken(WordOptions(word="bad")), id="a", action="rewrite"),
        instance(word("evil", WINDOW), id="b"),
    ],
    "a shadow beside a judge": lambda: [
        instance(word("bad", DOCUMENT), id="a", mode=Mode.SHADOW),
        instance(word("evil", SENTENCE), id="b"),
    ],
}
WORDS = st.sampled_from(
    ["bad", "evil", "worse", "good", "b*d", "x" * 30, ".", "!", "\n", "é", "👩\u200d🚀", " ", "- "]
)
TEXT = st.lists(WORDS, max_size=60).map(lambda words: " ".join(words))


@pytest.mark.parametrize("name", CHAINS)
@settings(max_examples=60, deadline=None)
@given(text=TEXT, sizes=st.lists(st.integers(0, 25), max_size=60))
async def test_a_stream_is_the_whole_answer_in_pieces(
    name: str, text: str, sizes: list[int]
) -> None:
    whole = await outcome(CHAINS[name](), [text])

    assert await outcome(CHAINS[name](), chop(text, sizes)) == whole
    assert await outcome(CHAINS[name](), list(text)) == whole


@settings(max_examples=60, deadline=None)
@given(text=TEXT)
async def test_harmless_text_comes_out_unchanged(text: str) -> None:
    chain = [
        instance(word("never", WINDOW), id="a", action="rewrite"),
        instance(word("never", SENTENCE), id="b"),
    ]

    released, _ = await run(chain, list(text))

    assert released == text


@settings(max_examples=60, deadline=None)
@given(text=TEXT, unit=st.sampled_from([DOCUMENT, SENTENCE, WINDOW]))
async def test_a_rewritten_stream_holds_no_trace_of_the_word(text: str, unit: Unit) -> None:
    released, _ = await run([instance(word("bad", unit, "***"), action="rewrite")], list(text))

    assert released == text.replace("bad", "***")


async def test_only_judged_text_is_released() -> None:
    run_ = StageRun([instance(word("evil"))]).text(CONTEXT)

    assert await run_.feed("One is fine. Two is ev") == "One is fine."
    assert await run_.feed("il. Three.") == ""
    assert await run_.feed("", last=True) == ""
    assert run_.blocked_by is not None


async def test_shadows_hold_nothing_back_and_are_recorded() -> None:
    shadow = instance(word("bad", DOCUMENT), mode=Mode.SHADOW)
    stage = StageRun([shadow])
    text_run = stage.text(CONTEXT)

    assert await text_run.feed("a bad thing") == "a bad thing"
    assert await text_run.feed("", last=True) == ""
    assert stage.verdicts == []
    await stage.run_shadows(math.inf)
    (verdict,) = stage.verdicts
    assert (verdict.action, verdict.mode) == (Action.BLOCK, Mode.SHADOW)


@pytest.mark.parametrize(
    ("broken", "kind"),
    [(Broken, "raised"), (Hanging, "timeout"), (Nonsense, "invalid"), (Malformed, "invalid")],
)
@pytest.mark.parametrize("action", ["block", "flag", "rewrite"])
async def test_failures_are_closed_and_never_a_statement_about_the_text(
    broken: type[Word], kind: str, action: str
) -> None:
    stage = StageRun([instance(broken(WordOptions()), action=action)])
    text_run = stage.text(CONTEXT)

    assert await text_run.feed("a bad thing", last=True) == ""
    assert isinstance(text_run.failure, FilterFailed)
    assert text_run.blocked_by is None
    (verdict,) = stage.verdicts
    assert (verdict.action, verdict.error, verdict.score) == (Action.ERROR, kind, 0.0)


@pytest.mark.parametrize("broken", [Broken, Hanging, Nonsense, Malformed])
async def test_open_lets_text_pass_and_records_the_failure(broken: type[Word]) -> None:
    released, stage = await run(
        [instance(broken(WordOptions()), on_failure="open")], ["a bad thing"]
    )

    assert released == "a bad thing"
    assert stage.verdicts[0].action is Action.ERROR


async def test_a_filters_own_timeout_is_not_its_deadline() -> None:
    class Impatient(Filter):
        async def check(self, item: Item) -> Finding | None:
            raise TimeoutError

    _, stage = await run([instance(Impatient(WordOptions()))], ["text"])

    assert stage.verdicts[0].error == "raised"


async def test_a_malformed_finding_of_a_shadow_changes_nothing() -> None:
    shadow = instance(Malformed(WordOptions()), mode=Mode.SHADOW)

    released, stage = await run([shadow], ["a bad thing"])
    await stage.run_shadows(math.inf)

    assert released == "a bad thing"
    assert stage.verdicts[0].error == "invalid"


@pytest.mark.parametrize("error", [EngineBusy, Busy])
async def test_a_full_queue_is_an_overload_not_a_broken_filter(error: type[Exception]) -> None:
    class Crowded(Filter):
        async def check(self, item: Item) -> Finding | None:
            raise error

    text_run = StageRun([instance(Crowded(WordOptions()))]).text(CONTEXT)
    await text_run.feed("text", last=True)

    assert isinstance(text_run.failure, EngineBusy)


async def test_ranges_count_in_the_text_before_rewriting() -> None:
    chain = [
        instance(word("bad", SENTENCE, "naughty"), id="a", action="rewrite"),
        instance(word("evil", SENTENCE), id="b", action="flag"),
    ]
    text = "Some bad and evil. More evil."

    released, stage = await run(chain, [text])

    assert released == "Some naughty and evil. More evil."
    rewrite, flag = stage.verdicts
    assert [text[r.start : r.end] for r in rewrite.ranges] == ["bad"]
    assert [text[r.start : r.end] for r in flag.ranges] == ["evil", "evil"]


async def test_two_instances_of_one_filter_do_not_erase_each_other() -> None:
    _, stage = await run(
        [instance(word("bomb"), id="bombs"), instance(word("gun"), id="guns")],
        ["how to build a bomb"],
    )

    verdicts = {v.id: v.action for v in stage.verdicts}
    assert verdicts["bombs"] is Action.BLOCK
    assert stage._runs[0].blocked_by is not None


async def test_each_character_is_read_about_once() -> None:
    reader = word("never", Unit.window(600))
    text = "harmless words " * 2_000

    await run([instance(reader)], chop(text, [7] * 3_000))

    assert reader.characters_read <= 1.1 * len(text)


async def test_canaries_that_do_not_separate_stop_the_start() -> None:
    with pytest.raises(FilterError, match="known good"):
        await instance(Confused(WordOptions())).open(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"filter": "nosuch"}, "no filter 'nosuch'"),
        ({"filter": "retrieval", "options": {"limt": 3}}, "limt"),
        ({"filter": "retrieval", "stage": Stage.OUTPUT}, "cannot stand at stage 'output'"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(entry: dict[str, object], message: str) -> None:
    entries = [ChainEntry.model_validate({"id": "mine", "stage": "input", **entry})]

    with pytest.raises(FilterError, match=message) as error:
        Chain.build(entries, locate=lambda index: f"penstock.toml:{index + 7}")

    assert str(error.value).startswith("penstock.toml:7: filter 'mine': ")
