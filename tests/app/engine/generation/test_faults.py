"""Requests that wait, leave or fail, and an engine that dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from app.bundles import load_bundle
from app.engine.generation.engine_thread import MOST_FAILURES
from app.engine.generation.generator import Generator
from app.engine.graphs.opening import open_decoder
from app.errors import EngineBusy, ModelFailed
from app.settings.model import RuntimeSettings
from tests.bundles import write_decoder
from tests.engines import ask, collect, text_of
from tests.gates import HeldGraph, until

SCRIPT = (b"Gates ", b"hold ", b"water", b".")
SAID = "Gates hold water."


@pytest.fixture
def open_held(
    tmp_path: Path, closing: AsyncExitStack
) -> Callable[..., tuple[Generator, HeldGraph]]:
    """Return a function that opens the writer with a graph that can be held."""

    def opened(**settings: Any) -> tuple[Generator, HeldGraph]:
        chosen = RuntimeSettings(provider="cpu", threads=1, **settings)
        bundle = load_bundle(tmp_path, "writer")
        graph, layout = open_decoder(bundle, chosen)
        held = HeldGraph(graph._session)
        engine = Generator(bundle, held, layout, chosen)
        closing.push_async_callback(engine.close)
        closing.callback(held.let_go)
        return engine, held

    return opened


OpenHeld = Callable[..., tuple[Generator, HeldGraph]]


async def test_a_cancelled_request_that_waits_never_begins(
    tmp_path: Path, open_held: OpenHeld
) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine, graph = open_held(max_sequences=1)
    graph.hold()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(collect(engine, ask("Go")))
        await until(lambda: graph.num_held)
        waiting = group.create_task(collect(engine, ask("Go")))
        await until(lambda: engine.num_waiting)
        waiting.cancel()
        await until(waiting.done)
        read = engine.tokens_read
        graph.let_go()

    assert text_of(running.result()) == SAID
    assert engine.tokens_read - read == running.result()[-1].prompt_tokens
    assert engine._num_requests == engine.num_waiting == engine.num_running == 0


async def test_a_full_queue_is_refused(tmp_path: Path, open_held: OpenHeld) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine, graph = open_held(max_sequences=1, queue_size=1)
    graph.hold()
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(collect(engine, ask("Go"))) for _ in range(2)]
        await until(lambda: engine.num_waiting and graph.num_held)
        with pytest.raises(EngineBusy):
            await collect(engine, ask("Go"))
        graph.let_go()

    assert [text_of(call.result()) for call in calls] == [SAID, SAID]


async def test_cancelling_ends_a_chunk_that_runs(tmp_path: Path, open_held: OpenHeld) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine, graph = open_held()
    graph.hold()
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(collect(engine, ask("Go")))
        await until(lambda: graph.num_held)
        reading.cancel()
        await until(lambda: not graph.num_held)  # nobody let it go

    graph.let_go()
    assert text_of(await collect(engine, ask("Go"))) == SAID
    assert engine.num_running == 0


async def test_a_graph_that_raises_fails_its_requests_only(
    tmp_path: Path, open_held: OpenHeld
) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine, graph = open_held()
    graph.breaks = ValueError("surprise")
    with pytest.raises(ModelFailed):
        await collect(engine, ask("Go"))
    graph.breaks = None

    assert text_of(await collect(engine, ask("Go"))) == SAID
    assert engine.is_alive


async def test_a_graph_that_only_raises_is_dead(tmp_path: Path, open_held: OpenHeld) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine, graph = open_held()
    graph.breaks = ModelFailed()
    for _ in range(MOST_FAILURES):
        with pytest.raises(ModelFailed):
            await collect(engine, ask("Go"))

    await until(lambda: not engine.is_alive)


async def test_a_dead_thread_shows_and_nobody_hangs(tmp_path: Path, open_held: OpenHeld) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine, graph = open_held(max_sequences=1)
    graph.hold()
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(refused(engine)) for _ in range(3)]
        await until(lambda: graph.num_held and engine.num_waiting == 2)
        graph.breaks = SystemExit()
        graph.let_go()

    assert all(call.done() for call in calls)
    assert not engine.is_alive
    await refused(engine)


async def test_a_stuck_step_shows_and_nobody_hangs(tmp_path: Path, open_held: OpenHeld) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine, graph = open_held(max_sequences=1, step_timeout_s=0.2)
    graph.obeys = False
    graph.hold()
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(refused(engine))

    assert graph.num_held == 1
    assert not engine.is_alive
    await refused(engine)


async def test_closing_ends_all_requests(tmp_path: Path, open_held: OpenHeld) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine, graph = open_held(max_sequences=1)
    graph.hold()
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(refused(engine))
        await until(lambda: graph.num_held and engine.num_waiting == 2)
        await engine.close()

    assert not engine.is_alive
    assert engine.kv_bytes == 0


async def refused(engine: Generator) -> None:
    with pytest.raises(ModelFailed):
        await collect(engine, ask("Go"))
