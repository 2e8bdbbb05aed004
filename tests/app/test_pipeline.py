"""Each exchange ends in one known way and is recorded exactly once."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from app.chain.instance import Instance
from app.errors import (
    DeadlineExceeded,
    FilterFailed,
    ModelFailed,
    ModelNotFound,
    PenstockError,
    RecorderFull,
)
from app.exchange import Action, Exchange, FinishReason, Mode, Outcome
from filters import Stage
from tests.app.chain.sample_filters import Broken, Hanging, Word, WordOptions, instance
from tests.app.pipelines import INPUT, Setup, asked, word
from tests.app.scripted import ScriptedEngine


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
