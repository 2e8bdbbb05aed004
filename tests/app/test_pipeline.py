"""Each exchange ends in one known way and is recorded exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.engine import Delta, Support
from app.errors import (
    DeadlineExceeded,
    FilterFailed,
    ModelFailed,
    ModelNotFound,
    PenstockError,
    RecorderFull,
)
from app.exchange import SEPARATOR, Action, Exchange, FinishReason, Message, Mode, Outcome
from app.pipeline import Pipeline
from filters import Evidence, Finding, Item, Passage, Stage, Unit
from tests.app.chain.sample_filters import Broken, Hanging, Word, WordOptions, instance
from tests.app.scripted import KeptRecords, ScriptedEngine

INPUT = Stage.INPUT


def word(text: str, replacement: str | None = None) -> Word:
    return Word(WordOptions(word=text, replacement=replacement), Unit.sentence())


def asked(*texts: str) -> Exchange:
    roles = ["user", "assistant"]
    messages = tuple(Message(roles[i % 2], text) for i, text in enumerate(texts))
    return Exchange(messages=messages, model="scripted")


class Setup:
    def __init__(
        self,
        *pieces: str | Delta | Exception,
        chain: Sequence[Instance] = (),
        engine: ScriptedEngine | None = None,
        request_s: float = 5.0,
        shadow_s: float = 5.0,
    ) -> None:
        self.engine = engine or ScriptedEngine(pieces)
        self.records = KeptRecords()
        engines = {"scripted": self.engine}
        self.pipeline = Pipeline(Chain(chain), engines, self.records, request_s, shadow_s)


async def test_an_answer_is_complete_and_recorded_once() -> None:
    setup, exchange = Setup("It is ", "late."), asked("What time is it?")

    await setup.pipeline.run(exchange)

    assert (exchange.completion, exchange.outcome) == ("It is late.", Outcome.COMPLETED)
    assert exchange.finish_reason is FinishReason.STOP
    assert (exchange.usage.prompt_tokens, exchange.usage.completion_tokens) == (3, 2)
    assert (exchange.model, exchange.model_version) == ("scripted", "1")
    assert {"total", "model", "input_filters", "output_filters"} <= exchange.timings_ms.keys()
    assert setup.records.exchanges == [exchange]


async def test_the_stream_is_the_answer() -> None:
    pieces = ["One. ", "Two is b", "ad. Thr", "ee."]
    chain = [instance(word("bad", "***"), action="rewrite")]
    streamed, whole = asked("Count."), asked("Count.")
    setup = Setup(*pieces, chain=chain)

    released = [text async for text in setup.pipeline.stream(streamed)]
    await setup.pipeline.run(whole)

    assert "".join(released) == streamed.completion == whole.completion == "One. Two is ***. Three."
    assert whole.outcome is Outcome.REWRITTEN
    assert whole.generated == "One. Two is bad. Three."
    assert [(e.start, e.end, e.replacement) for e in whole.completion_edits] == [(12, 15, "***")]


async def test_a_blocked_prompt_never_reaches_the_model() -> None:
    setup = Setup("Sure.", chain=[instance(word("bomb"), stage=INPUT)])
    exchange = asked("How to build a bomb?")

    await setup.pipeline.run(exchange)

    assert (exchange.outcome, exchange.completion) == (Outcome.BLOCKED, "")
    assert exchange.finish_reason is FinishReason.BLOCKED
    assert setup.engine.prompts == []
    assert setup.records.exchanges == [exchange]


async def test_a_blocked_completion_keeps_what_was_written_for_reviewers_only() -> None:
    setup = Setup("Fine. ", "This is evil. ", "More.", chain=[instance(word("evil"))])
    exchange = asked("Hello?")

    await setup.pipeline.run(exchange)

    assert exchange.outcome is Outcome.BLOCKED
    assert exchange.completion == "Fine."
    assert exchange.generated == "Fine. This is evil. "
    assert setup.engine.closed == 1


async def test_every_message_is_judged_and_ranges_count_in_the_whole_prompt() -> None:
    chain = [instance(word("bomb", "***"), stage=INPUT, action="rewrite")]
    setup, exchange = Setup("Ok.", chain=chain), asked("A bomb.", "No.", "A bomb, please.")

    await setup.pipeline.run(exchange)

    sent = [message.content for message in setup.engine.prompts[0].messages]
    assert sent == ["A ***.", "No.", "A ***, please."]
    ranges = exchange.verdicts[0].ranges
    assert [exchange.prompt[r.start : r.end] for r in ranges] == ["bomb", "bomb"]
    assert [exchange.prompt[e.start : e.end] for e in exchange.prompt_edits] == ["bomb", "bomb"]


async def test_retrieved_passages_reach_the_model_and_are_cited() -> None:
    class Search(Word):
        every_message = False

        async def check(self, item: Item) -> Finding | None:
            found = Passage("p1", f"About {item.text}", "docs/a.md", "A")
            return Finding(0.0, "passages", passages=(found,))

    deltas = [Delta("About it.", supports=[Support(0, 0, 9, 6, 8)]), Delta(finish_reason="stop")]
    engine = ScriptedEngine(deltas, finish_reason=None)
    setup = Setup(engine=engine, chain=[instance(Search(WordOptions()), stage=INPUT)])
    exchange = asked("old", "answer", "new")

    await setup.pipeline.run(exchange)

    assert setup.engine.prompts[0].passages == ("About new",)
    assert [(c.source, c.title, c.answer_start) for c in exchange.citations] == [
        ("docs/a.md", "A", 6)
    ]


async def test_filters_know_the_question_among_all_messages() -> None:
    seen: list[tuple[str, str]] = []

    class Reader(Word):
        async def check(self, item: Item) -> Finding | None:
            seen.append((item.text, item.context.question))
            return None

    chain = [instance(Reader(WordOptions()), stage=INPUT)]
    await Setup("Ok.", chain=chain).pipeline.run(asked("old", "answer", "new"))

    assert seen == [("old", "new"), ("answer", "new"), ("new", "new")]


def sent_along(*texts: str) -> Exchange:
    exchange = asked("Who is it?")
    exchange.passages = tuple(Passage(f"p{n}", text, "mail") for n, text in enumerate(texts))
    return exchange


def all_of(exchange: Exchange) -> str:
    """Return what ranges of the input count in."""
    return SEPARATOR.join([exchange.prompt, *(passage.text for passage in exchange.passages)])


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.SHADOW])
async def test_passages_of_the_request_are_judged_like_the_prompt(mode: Mode) -> None:
    setup = Setup("Ok.", chain=[instance(word("evil"), stage=INPUT, mode=mode)])
    exchange = sent_along("All is well.", "This is evil.")

    await setup.pipeline.run(exchange)

    blocked = mode is Mode.ENFORCE
    assert exchange.outcome is (Outcome.BLOCKED if blocked else Outcome.COMPLETED)
    assert len(setup.engine.prompts) == (not blocked)
    (found,) = exchange.verdicts[0].ranges
    assert all_of(exchange)[found.start : found.end] == "evil"
    assert found.start == exchange.passage_starts[1] + len("This is ")


async def test_the_model_reads_rewritten_passages_and_is_cited_in_those_that_were_sent() -> None:
    class Comparing(Word):
        async def check(self, item: Item) -> Finding | None:
            text = item.context.passages[1].text
            assert text == "X is there. It is Zoe."
            return Finding(0.0, "", evidence=(Evidence(1, 12, len(text), "supports", 1.0),))

    deltas = [Delta("Zoe.", supports=[Support(1, 12, 22, 18, 21)]), Delta(finish_reason="stop")]
    chain = [
        instance(word("Annabel", "X"), id="names", stage=INPUT, action="rewrite"),
        instance(Comparing(WordOptions()), id="grounding"),
    ]
    setup = Setup(engine=ScriptedEngine(deltas, finish_reason=None), chain=chain)
    exchange = sent_along("Hello.", "Annabel is there. It is Zoe.")

    await setup.pipeline.run(exchange)

    assert exchange.outcome is Outcome.REWRITTEN
    assert setup.engine.prompts[0].passages == ("Hello.", "X is there. It is Zoe.")
    sent = exchange.passages[1].text
    assert sent == "Annabel is there. It is Zoe."
    (cited,), (edit,) = exchange.citations, exchange.prompt_edits
    assert sent[cited.start : cited.end] == "It is Zoe."
    assert sent[cited.answer_start : cited.answer_end] == "Zoe"
    assert all_of(exchange)[edit.start : edit.end] == "Annabel"
    (evidence,) = exchange.verdicts[1].evidence
    assert sent[evidence.start : evidence.end] == "It is Zoe."


async def test_what_looks_at_the_question_only_reads_no_passages() -> None:
    class Question(Word):
        every_message = False

        async def check(self, item: Item) -> Finding | None:
            assert item.text == "Who is it?"
            return None

    setup = Setup("Ok.", chain=[instance(Question(WordOptions()), stage=INPUT)])
    exchange = sent_along("Hello.")

    await setup.pipeline.run(exchange)

    assert exchange.verdicts[0].error is None


async def test_filters_and_the_model_read_the_same_text_without_lone_surrogates() -> None:
    reader = word("\ufffd")
    setup = Setup("Ok.", chain=[instance(reader, stage=INPUT, action="flag")])
    exchange = asked("odd \ud800 text")

    await setup.pipeline.run(exchange)

    assert setup.engine.prompts[0].messages[0].content == "odd \ufffd text"
    assert exchange.verdicts[0].ranges[0].start == 4
    assert exchange.messages[0].content == "odd \ud800 text"


async def test_a_filter_that_breaks_fails_the_exchange() -> None:
    setup = Setup("a bad thing", chain=[instance(Broken(WordOptions()))])
    exchange = asked("Hello?")

    with pytest.raises(FilterFailed):
        await setup.pipeline.run(exchange)

    assert (exchange.outcome, exchange.error_code) == (Outcome.FAILED, "filter_failed")
    assert exchange.completion == ""
    assert setup.records.exchanges == [exchange]


@pytest.mark.parametrize(
    ("pieces", "error", "code"),
    [
        ([ModelFailed()], ModelFailed, "model_failed"),
        (["half", RuntimeError("bug")], PenstockError, "internal_error"),
    ],
)
async def test_a_model_that_breaks_fails_the_exchange(
    pieces: list[str | Exception], error: type[Exception], code: str
) -> None:
    setup, exchange = Setup(*pieces), asked("Hello?")

    with pytest.raises(error):
        await setup.pipeline.run(exchange)

    assert (exchange.outcome, exchange.error_code) == (Outcome.FAILED, code)
    assert setup.records.exchanges == [exchange]


async def test_a_model_that_just_stops_has_failed() -> None:
    setup = Setup(engine=ScriptedEngine(["half"], finish_reason=None))

    with pytest.raises(ModelFailed):
        await setup.pipeline.run(asked("Hello?"))


async def test_the_deadline_ends_the_work() -> None:
    engine = ScriptedEngine(["a", "b", "c"], delay_s=0.2)
    setup, exchange = Setup(engine=engine, request_s=0.05), asked("Hello?")

    with pytest.raises(DeadlineExceeded):
        await setup.pipeline.run(exchange)

    assert exchange.error_code == "deadline_exceeded"
    assert engine.closed == 1
    assert setup.records.exchanges == [exchange]


def shadow(judge: Word, id: str, stage: Stage = Stage.OUTPUT) -> Instance:
    return instance(judge, id=id, stage=stage, mode=Mode.SHADOW, deadline_ms=60_000)


@pytest.mark.parametrize(("request_s", "shadow_s"), [(60.0, 0.05), (0.3, 60.0)])
async def test_slow_shadows_cost_an_answer_nothing(request_s: float, shadow_s: float) -> None:
    slow = [
        shadow(word("Hello"), "quick", INPUT),
        shadow(Hanging(WordOptions(word="evil")), "hanging"),
        shadow(word("evil"), "behind"),
    ]
    setup = Setup("evil", chain=slow, request_s=request_s, shadow_s=shadow_s)
    exchange = asked("Hello?")

    released = [text async for text in setup.pipeline.stream(exchange)]

    assert "".join(released) == "evil"
    assert (exchange.outcome, exchange.error_code) == (Outcome.COMPLETED, None)
    assert [(v.id, v.action, v.error) for v in exchange.verdicts] == [
        ("quick", Action.BLOCK, None),
        ("hanging", Action.ERROR, "timeout"),
        ("behind", Action.ERROR, "timeout"),
    ]
    assert setup.records.exchanges == [exchange]


async def test_closing_the_stream_cancels_the_work_and_records_it() -> None:
    setup, exchange = Setup("One.", " Two.", " Three."), asked("Count.")

    async with aclosing(setup.pipeline.stream(exchange)) as released:
        await anext(released)

    assert exchange.outcome is Outcome.CANCELLED
    assert setup.engine.closed == 1
    assert setup.engine.written < 3
    assert setup.records.exchanges == [exchange]


async def test_cancelling_the_task_records_it_too() -> None:
    setup, exchange = Setup(engine=ScriptedEngine(["a"], delay_s=60.0)), asked("Hello?")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(setup.pipeline.run(exchange))
        await asyncio.sleep(0.02)
        task.cancel()

    assert exchange.outcome is Outcome.CANCELLED
    assert setup.records.exchanges == [exchange]


async def test_what_cannot_be_kept_is_not_begun() -> None:
    setup = Setup("Hi.")
    setup.records.full = RecorderFull()

    with pytest.raises(RecorderFull):
        await setup.pipeline.run(asked("Hello?"))

    assert setup.engine.prompts == []


async def test_an_unknown_model_is_named() -> None:
    with pytest.raises(ModelNotFound) as error:
        await Setup("Hi.").pipeline.run(Exchange(messages=(), model="nosuch"))

    assert error.value.param == "model"


async def test_the_first_piece_knows_whether_the_model_abstained() -> None:
    seen: list[bool] = []

    class Reader(Word):
        async def check(self, item: Item) -> Finding | None:
            seen.append(item.context.abstained)
            return None

    deltas = [Delta("I do not know.", abstained=True, finish_reason="no_answer")]
    engine = ScriptedEngine(deltas, finish_reason=None)
    setup = Setup(engine=engine, chain=[instance(Reader(WordOptions()))])
    exchange = asked("Hello?")

    await setup.pipeline.run(exchange)

    assert seen == [True]
    assert exchange.finish_reason is FinishReason.NO_ANSWER
