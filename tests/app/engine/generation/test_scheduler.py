"""Who reads and writes when, what that costs, and what becomes of failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from numpy.typing import DTypeLike

from app.engine.generation.rows import CHUNK
from app.engine.generation.scheduler import Scheduler
from app.engine.generation.stepper import Bounds
from app.errors import ModelFailed, Overloaded
from app.runtime import Buffer
from tests.gates import HeldGraph
from tests.normal_graphs import APART, LAYOUT, concatenated, shared
from tests.sequences import Asked, Model, alone, asked, finish, scheduler, tiny

TOKEN = LAYOUT.kv_bytes_per_token


class FullGraph(HeldGraph):
    """A graph on a machine whose memory can be full."""

    is_full = False

    def allocate(self, shape: Sequence[int], dtype: DTypeLike) -> Buffer:
        if self.is_full:
            raise MemoryError
        return super().allocate(shape, dtype)


@pytest.fixture(params=["shared", "concatenated"])
def model(request: pytest.FixtureRequest) -> Model:
    made, layout = {"shared": (shared, LAYOUT), "concatenated": (concatenated, APART)}[
        request.param
    ]
    return tiny(made(), layout, FullGraph)


def text(number: int, length: int) -> list[int]:
    """Return tokens that begin otherwise for each number."""
    return [number, *(place * 7 % 250 for place in range(length - 1))]


def add(engine: Scheduler, model: Model, prompt: list[int], max_tokens: int = 8) -> Asked:
    one = asked(model, prompt, max_tokens)
    engine.add(one.sequence)
    return one


def test_one_chunk_is_read_between_the_tokens_of_the_others(model: Model) -> None:
    engine = scheduler(model)
    writing = add(engine, model, text(1, 5), 30)
    engine.step()
    reading = add(engine, model, text(2, 3 * CHUNK), 5)

    for chunks in (1, 2):
        written = writing.sequence.num_written
        engine.step()
        assert writing.sequence.num_written == written + 1
        assert reading.sequence.row.length == chunks * CHUNK
        assert reading.pieces == []
    engine.step()

    assert reading.sequence.num_written == 2  # one from reading, one with the others


def test_as_many_chunks_are_read_as_take_no_longer_than_writing(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = [0.0]
    engine = scheduler(model, clock=lambda: spent[0])
    for name, seconds in (("read", 1.0), ("write", 2.5)):
        monkeypatch.setattr(engine._stepper, name, timed(engine._stepper, name, seconds, spent))
    add(engine, model, text(1, 5), 30)
    engine.step()
    reading = add(engine, model, text(2, 4 * CHUNK - 1), 5)
    engine.step()

    assert reading.sequence.row.length == 3 * CHUNK


def timed(stepper: object, name: str, seconds: float, spent: list[float]) -> Callable[..., Any]:
    """Wrap a method so that it takes its time by a clock."""
    method = getattr(stepper, name)

    def run(*arguments: Any) -> Any:
        spent[0] += seconds
        return method(*arguments)

    return run


def test_short_prompts_pass_a_long_one_but_do_not_hold_it_up_for_good(model: Model) -> None:
    engine = scheduler(model)
    long = add(engine, model, text(1, 3 * CHUNK), 1)
    steps = 0
    short: list[Asked] = []
    while not long.is_over:
        short.append(add(engine, model, text(2 + steps, 5), 1))
        engine.step()
        steps += 1

    assert steps == 4 + 4 + 1  # every fourth chunk is its own; the last one is as short as theirs
    assert sum(one.is_over for one in short) == steps - 3


def test_nobody_overtakes_whoever_needs_much_room(model: Model) -> None:
    half = 2 * CHUNK
    engine = scheduler(model, Bounds(8, 256, room_for(model, 2 * half)))
    first = add(engine, model, text(1, 5), half - 5)
    large = add(engine, model, text(2, 5), 2 * half - 5)
    small = add(engine, model, text(3, 5), 4)
    engine.step()

    assert (engine.num_running, engine.num_waiting) == (1, 2)
    engine.cancel(first.sequence)
    engine.step()
    assert (engine.num_running, engine.num_waiting) == (1, 1)
    finish(engine)
    assert large.is_over
    assert small.is_over


def room_for(model: Model, tokens: int) -> int:
    """Return kv_bytes that so many tokens fit into."""
    return TOKEN * tokens * (1 if model.layout is LAYOUT else 3)


def test_memory_grows_with_what_is_written_and_never_beyond_its_bound(model: Model) -> None:
    bound = room_for(model, 8 * 256)
    engine = scheduler(model, Bounds(8, 256, bound))
    assert engine.kv_bytes == 0
    add(engine, model, text(1, 5), 20)
    engine.step()
    small = engine.kv_bytes
    for number in range(2, 10):
        add(engine, model, text(number, 60 + 10 * number), 60)

    highest = small
    while engine.step():
        highest = max(highest, engine.kv_bytes)

    assert 0 < small < highest <= bound
    engine.release()
    assert engine.kv_bytes == 0


@pytest.mark.parametrize("is_over", [True, False])
def test_a_prompt_that_was_read_is_not_read_again(model: Model, is_over: bool) -> None:
    engine = scheduler(model)
    common = text(1, 2 * CHUNK + 10)
    first = add(engine, model, [*common, 5], 8)
    while engine.step() and not (first.pieces and (first.is_over or not is_over)):
        pass
    read = engine.tokens_read
    second = add(engine, model, [*common, 6, 7], 8)
    finish(engine)

    assert engine.tokens_reused == 2 * CHUNK
    assert engine.tokens_read - read == 12
    assert first.outcome == alone(model, [*common, 5])
    assert second.outcome == alone(model, [*common, 6, 7])


def test_prompts_that_come_together_are_read_once(model: Model) -> None:
    engine = scheduler(model)
    common = text(1, 2 * CHUNK)
    found = [add(engine, model, [*common, number]) for number in range(5)]
    finish(engine)

    assert engine.tokens_read == 2 * CHUNK + 5
    assert [one.outcome for one in found] == [alone(model, [*common, n]) for n in range(5)]


def test_the_same_prompt_again_is_read_but_for_its_last_chunk(model: Model) -> None:
    engine = scheduler(model, Bounds(1, 256, 10**8))
    for _ in range(2):
        add(engine, model, text(1, 2 * CHUNK), 3)
        finish(engine)

    assert engine.tokens_reused == CHUNK


def test_kept_prompts_make_room_for_running_ones(model: Model) -> None:
    engine = scheduler(model, Bounds(8, 256, room_for(model, 4 * 128)))
    for number in range(3):
        add(engine, model, text(number, 120), 8)
    finish(engine)
    expected = alone(model, text(7, 5), 250)
    large = add(engine, model, text(7, 5), 250)
    finish(engine)

    assert large.outcome == expected


def test_cancelling_frees_the_place_at_the_next_step(model: Model) -> None:
    engine = scheduler(model, Bounds(1, 256, 10**8))
    endless = add(engine, model, text(1, 5), 200)
    after = add(engine, model, text(2, 5), 1)
    engine.step()

    engine.cancel(endless.sequence)
    engine.step()

    assert after.is_over
    assert engine.num_running == 0


def test_a_failed_run_ends_those_who_were_in_it(model: Model) -> None:
    graph: Any = model.graph
    engine = scheduler(model)
    first = add(engine, model, text(1, 5), 20)
    engine.step()
    graph.breaks = RuntimeError("broken")
    waiting = add(engine, model, text(2, 5), 20)
    engine.step()
    graph.breaks = None

    assert isinstance(first.last, ModelFailed)
    assert isinstance(waiting.last, ModelFailed)
    later = add(engine, model, text(3, 5))
    finish(engine)
    assert later.outcome == alone(model, text(3, 5))


@pytest.mark.parametrize("part", ["picker", "_text"])
def test_what_breaks_behind_the_graph_ends_its_own_sequence_only(model: Model, part: str) -> None:
    engine = scheduler(model)
    broken, sound = add(engine, model, text(1, 5)), add(engine, model, text(2, 5))
    engine.step()
    setattr(broken.sequence, part, None)
    finish(engine)

    assert isinstance(broken.last, ModelFailed)
    assert sound.outcome == alone(model, text(2, 5))


def test_without_memory_the_running_ones_end_and_later_ones_run() -> None:
    model = tiny(shared(), LAYOUT, FullGraph)
    graph: Any = model.graph
    engine = scheduler(model)
    running = [add(engine, model, text(number, 5), 100) for number in range(3)]
    while engine.step() and not all(one.pieces for one in running):
        pass
    graph.is_full = True
    refused = add(engine, model, text(9, 200), 8)
    engine.step()
    graph.is_full = False
    later = add(engine, model, text(8, 200), 8)
    finish(engine)

    assert all(isinstance(one.last, Overloaded) for one in (*running, refused))
    assert later.outcome == alone(model, text(8, 200))


def test_a_prompt_may_fill_all_the_room_but_one(model: Model) -> None:
    engine = scheduler(model, Bounds(2, 256, 10**8))
    one = add(engine, model, text(1, 255), 1)
    finish(engine)

    assert one.outcome == alone(model, text(1, 255), 1)
