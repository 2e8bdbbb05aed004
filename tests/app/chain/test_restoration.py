"""What a prompt hid comes back in its own completion only, however the stream is cut."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chain.placeholders import MASK
from app.chain.restoration import Restorer
from app.errors import ModelFailed
from app.exchange import Message, Outcome
from app.recorder.codec import decode, encode
from filters import Finding, Item, Passage, Placeholders, Range, Stage
from tests.app.chain.hiding import Repeating, names
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.chain.test_passages import found
from tests.app.pipelines import INPUT, Setup, asked, word
from tests.app.scripted import ScriptedEngine

TEXTS = {"[NAME_1]": "Ada", "[NAME_10]": "Grace", "[A_B_2]": "[NAME_1]"}
ALPHABET = st.sampled_from(
    [
        *TEXTS,
        *(
            "[NAME_",
            "[",
            "]",
            "1",
            "0",
            "_",
            " ",
            "\n",
            "//",
            "/",
            "<",
            ">",
            '"',
            "'",
            "(",
            ")",
            "x",
        ),
        *("](", "https:", "www.", "mailto:", "=", ":", ".", "<img ", " src=", "url(", "</", "\\"),
    ]
)


@given(st.lists(ALPHABET, max_size=40), st.data())
def test_a_restored_stream_is_the_restored_text(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole, stream = Restorer(TEXTS), Restorer(TEXTS)

    out = [stream.feed(piece) for piece in pieces]

    assert "".join(out) + stream.feed("", last=True) == whole.feed(text, last=True)


@given(st.text(), st.lists(st.integers(0, 9), max_size=5))
def test_a_text_without_placeholders_stays(text: str, cuts: list[int]) -> None:
    restorer = Restorer(TEXTS)

    assert restorer.feed(text) + restorer.feed("", last=True) == text


def test_only_the_beginning_of_a_placeholder_is_held_back() -> None:
    restorer = Restorer(TEXTS)

    assert restorer.feed("Dear [NAM") == "Dear "
    assert restorer.feed("E_1") == ""
    assert restorer.feed("], hello [here") == "Ada, hello "
    assert restorer.feed(" we go [") == "[here we go "
    assert restorer.feed("", last=True) == "["


def test_what_came_back_is_not_looked_at_again() -> None:
    assert Restorer(TEXTS).feed("[A_B_2]", last=True) == "[NAME_1]"


async def test_the_client_gets_its_own_words_and_the_model_and_the_log_do_not() -> None:
    setup = Setup(chain=[names()], engine=Repeating([]))
    exchange = asked("I am N1. Call N2, not N1!")

    out = [text async for text in setup.pipeline.stream(exchange)]

    assert "".join(out) == exchange.released == "I am N1. Call N2, not N1!"
    assert exchange.completion == "I am [NAME_1]. Call [NAME_2], not [NAME_1]!"
    assert setup.engine.prompts[0].messages[-1].content == exchange.completion
    assert exchange.prompt == f"I am {MASK * 2}. Call {MASK * 2}, not {MASK * 2}!"
    assert exchange.outcome is Outcome.REWRITTEN
    kept = encode(exchange)
    assert b"N1" not in kept
    assert b"N2" not in kept
    assert decode(kept).released == exchange.completion


async def test_output_filters_judge_the_placeholders() -> None:
    setup = Setup(chain=[names(), instance(word("N1"))], engine=Repeating([]))
    exchange = asked("I am N1.")

    await setup.pipeline.run(exchange)

    assert (exchange.outcome, exchange.released) == (Outcome.REWRITTEN, "I am N1.")


@pytest.mark.parametrize("as_json", [True, False])
async def test_what_must_be_json_stays_json(as_json: bool) -> None:
    class Quoted(Word):
        placeholders = Placeholders(restore=True)

        async def check(self, item: Item) -> Finding | None:
            return Finding(1.0, "name", (Range(5, len(item.text), "name"),))

    chain = [instance(Quoted(WordOptions()), stage=INPUT, action="rewrite")]
    setup = Setup('{"[NAME_1]": "', "[NAM", 'E_1]!"}', chain=chain)
    exchange = asked('I am "Né" \\\n\tCo.')
    exchange.parameters = {"json_schema": {"type": "object"}} if as_json else {}

    released = "".join([text async for text in setup.pipeline.stream(exchange)])

    name = '"Né" \\\n\tCo.'
    if as_json:
        assert json.loads(released) == {name: f"{name}!"}
    else:
        assert released == f'{{"{name}": "{name}!"}}'


async def test_no_filter_behind_it_sees_what_is_hidden() -> None:
    seen: list[tuple[Stage, str, tuple[str, ...]]] = []

    class Reader(Word):
        async def check(self, item: Item) -> Finding | None:
            context = item.context
            seen.append((context.stage, context.question, context.instructions))
            return None

    readers = [
        instance(Reader(WordOptions()), stage=stage, id=f"reader-{stage}")
        for stage in (Stage.RETRIEVAL, Stage.OUTPUT)
    ]
    setup = Setup("Yes.", chain=[names(), *readers])
    exchange = asked("Earlier N2.", "Well.", "I am N1.")
    exchange.messages = (Message("system", "Serve N3 and N2."), *exchange.messages)
    exchange.passages = (Passage("p", "Something.", "s"),)

    await setup.pipeline.run(exchange)

    hidden = ("I am [NAME_3].", ("Serve [NAME_1] and [NAME_2].",))
    assert seen == [(Stage.RETRIEVAL, *hidden), (Stage.OUTPUT, *hidden)]


async def test_requests_at_the_same_time_never_mix() -> None:
    setup = Setup(chain=[names()], engine=Repeating([]))
    exchanges = [asked(f"I am N{number}. You are N0, [NAME_2]?") for number in range(1, 33)]

    await asyncio.gather(*(setup.pipeline.run(exchange) for exchange in exchanges))

    for number, exchange in enumerate(exchanges, 1):
        assert exchange.released == f"I am N{number}. You are N0, [NAME_2]?"
        assert exchange.completion == "I am [NAME_1]. You are [NAME_3], [NAME_2]?"


async def test_without_restore_the_placeholders_stay() -> None:
    setup = Setup(chain=[names(restore=False)], engine=Repeating([]))
    exchange = asked("I am N1.")

    await setup.pipeline.run(exchange)

    assert exchange.released == exchange.completion == "I am [NAME_1]."


async def test_what_the_model_wrote_by_itself_does_not_come_back() -> None:
    setup = Setup("N1 is known, ", "N7 is not.", chain=[names(), names(stage=Stage.OUTPUT)])
    exchange = asked("I am N1.")

    await setup.pipeline.run(exchange)

    assert exchange.completion == "[NAME_1] is known, [NAME_2] is not."
    assert exchange.released == "N1 is known, [NAME_2] is not."
    assert exchange.generated == f"{MASK * 2} is known, {MASK * 2} is not."


async def test_an_operator_may_keep_the_texts_in_the_log() -> None:
    setup = Setup(chain=[names(keep=True)], engine=Repeating([]))
    exchange = asked("I am N1.")

    await setup.pipeline.run(exchange)

    assert exchange.prompt == "I am N1."
    assert exchange.completion == "I am [NAME_1]."


async def test_what_was_never_judged_is_not_kept_either() -> None:
    chain = [names(), instance(word("evil"), stage=INPUT, id="evil")]
    setup, exchange = Setup(chain=chain), asked("N1 is here.", "This is evil. So is N2.", "And N3.")
    exchange.passages = (Passage("p", "N4 wrote this.", "s"),)

    await setup.pipeline.run(exchange)

    assert exchange.outcome is Outcome.BLOCKED
    assert [message.content for message in exchange.messages] == [
        f"{MASK * 2} is here.",
        f"This is evil. So is {MASK * 2}.",
        MASK * 7,
    ]
    assert exchange.passages[0].text == MASK * 14


async def test_a_passage_that_came_along_is_masked_as_well() -> None:
    setup, exchange = Setup("Yes.", chain=[names()]), asked("N1?")
    exchange.passages = (Passage("p", "N4 wrote this.", "s"),)

    await setup.pipeline.run(exchange)

    assert exchange.passages[0].text == f"{MASK * 2} wrote this."
    assert setup.engine.prompts[0].passages == ("[NAME_2] wrote this.",)


async def test_a_passage_that_was_found_is_masked_and_gives_nothing_back() -> None:
    search = instance(found("N4 met N1."), id="search", stage=INPUT, action="flag")
    chain = [search, names(), names(stage=Stage.RETRIEVAL)]
    setup, exchange = Setup("[NAME_1] met [NAME_2].", chain=chain), asked("N1?")

    await setup.pipeline.run(exchange)

    assert setup.engine.prompts[0].passages == ("[NAME_2] met [NAME_1].",)
    assert exchange.released == "N1 met [NAME_2]."
    assert exchange.passages[0].text == f"{MASK * 2} met {MASK * 2}."


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["[NAME_1]", "[NAME_2]", "[NAME_3]", "N8", "N9", "N1"]), max_size=6)
)
async def test_what_a_found_passage_calls_by_itself_is_no_placeholder_of_ours(
    words: list[str],
) -> None:
    """What is put back or numbered is never what a source has written in the same form."""
    passage = " ".join(["It says:", *words])
    search = instance(found(passage), id="search", stage=INPUT, action="flag")
    chain = [search, names(), names(stage=Stage.RETRIEVAL)]
    setup, exchange = Setup(f"{passage} Bye.", chain=chain), asked("I am N1, he is N2.")

    await setup.pipeline.run(exchange)

    (read,) = setup.engine.prompts[0].passages
    hidden = [(was, now) for was, now in zip(words, read.split()[2:], strict=True) if was != now]
    assert {was for was, _ in hidden} == {word for word in words if word[0] == "N"}
    assert {now for was, now in hidden if was != "N1"}.isdisjoint(words)
    assert exchange.released == f"{passage} Bye."


async def test_what_no_passage_mentions_still_comes_back() -> None:
    search = instance(found("What [NAME_2] means."), id="search", stage=INPUT, action="flag")
    setup = Setup("[NAME_1] and [NAME_2].", chain=[search, names()])
    exchange = asked("I am N1, he is N2.")

    await setup.pipeline.run(exchange)

    assert exchange.released == "N1 and [NAME_2]."


async def test_an_exchange_that_never_began_keeps_nothing() -> None:
    setup = Setup(chain=[names()], engine=ScriptedEngine([], refuses=ModelFailed()))
    exchange = asked("I am N1.")

    with pytest.raises(ModelFailed):
        await setup.pipeline.run(exchange)

    assert setup.records.exchanges[0].prompt == MASK * 8
