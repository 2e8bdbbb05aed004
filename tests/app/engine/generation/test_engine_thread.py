"""The thread that steps an engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.engine import Delta, SamplingParameters
from app.engine.generation.delivery import Mailbox
from app.engine.generation.engine_thread import EngineThread
from app.engine.generation.sampling import TokenPicker
from app.engine.generation.sequence import Sequence
from app.engine.generation.token_text import TokenText
from tests.gates import HeldGraph, until
from tests.normal_graphs import LAYOUT, shared
from tests.sequences import scheduler, tiny

MODEL = tiny(shared(), LAYOUT, HeldGraph)


@pytest.fixture
def engine() -> Iterator[EngineThread]:
    opened = EngineThread(scheduler(MODEL), step_timeout_s=30, idle_s=0.02)
    yield opened
    opened.close()


def ask(engine: EngineThread, prompt: list[int], max_tokens: int) -> tuple[Sequence, Mailbox]:
    wanted = SamplingParameters(max_tokens)
    mailbox = Mailbox()
    picker = TokenPicker(wanted, prompt, MODEL.words)
    sequence = Sequence(prompt, wanted, picker, TokenText(MODEL.words), mailbox)
    engine.submit(sequence)
    return sequence, mailbox


async def finish(engine: EngineThread, sequence: Sequence, mailbox: Mailbox) -> Delta:
    pieces = [piece async for piece in mailbox.stream()]
    engine.forget(sequence)
    return pieces[-1]


async def test_memory_is_given_back_after_a_while_without_work(engine: EngineThread) -> None:
    for _ in range(2):
        last = await finish(engine, *ask(engine, [1, 2, 3], 4))
        assert last.completion_tokens == 4
        await until(lambda: engine._scheduler.kv_bytes == 0)


async def test_a_step_wakes_the_event_loop_once_for_all_rows(
    engine: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = MODEL.graph
    assert isinstance(graph, HeldGraph)
    loop = asyncio.get_running_loop()
    wakes: list[Callable[..., Any]] = []
    wake = loop.call_soon_threadsafe

    def counted(call: Callable[..., Any], *arguments: Any) -> Any:
        if threading.current_thread() is engine._thread:
            wakes.append(call)
        return wake(call, *arguments)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    graph.hold()
    asked = [ask(engine, [number, 2, 3], 10) for number in range(8)]
    runs = graph.num_runs
    graph.let_go()
    async with asyncio.TaskGroup() as group:
        for sequence, mailbox in asked:
            group.create_task(finish(engine, sequence, mailbox))

    written = engine._scheduler.tokens_written
    assert written > 60
    assert len(wakes) <= graph.num_runs - runs + 1 < written


async def test_hundreds_that_come_and_go_leave_nothing_behind(engine: EngineThread) -> None:
    async def come_and_go(number: int) -> None:
        sequence, mailbox = ask(engine, [number % 250, 7, 8], 5 + number % 20)
        pieces = mailbox.stream()
        for _ in range(number % 4):
            await anext(pieces, None)
        engine.forget(sequence)

    async with asyncio.TaskGroup() as group:
        for number in range(200):
            group.create_task(come_and_go(number))

    await until(lambda: engine._scheduler.num_running == engine.num_waiting == 0)
    await until(lambda: engine._scheduler.kv_bytes == 0)
    assert engine._live == set()
    assert engine.is_alive


async def test_a_closed_event_loop_is_no_trouble(engine: EngineThread) -> None:
    async def leave() -> None:
        ask(engine, [1, 2, 3], 50)

    await asyncio.to_thread(asyncio.run, leave())

    last = await finish(engine, *ask(engine, [1, 2, 3], 4))
    assert last.finish_reason == "length"
