"""Steps over fixed memory, with idle slots, recorded once for each size and place of the cache."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.generation.buckets import BucketStepper
from app.engine.generation.rows import CHUNK, new_row
from app.engine.generation.scheduler import Scheduler
from app.engine.generation.stepper import Bounds
from app.engine.graphs.recordable import make_recordable
from app.runtime import Buffer, Interrupt
from tests.normal_graphs import LAYOUT, shared
from tests.recorded import ReplayingSession, recording
from tests.sequences import BOUNDS, Asked, Model, alone, asked, finish, scheduler_in_buckets, tiny

LINES = [[7 * at % 250 for at in range(start, start + 20 + start)] for start in range(1, 9)]


@pytest.fixture
def recorded() -> tuple[Model, ReplayingSession]:
    model = shared()
    make_recordable(model)
    graph, session = recording(model)
    return replace(tiny(model, LAYOUT), graph=graph), session


Recorded = tuple[Model, ReplayingSession]


def written(model: Model, engine: Scheduler, number: int, tokens: int = 8) -> list[Asked]:
    found = [asked(model, line, tokens, logprobs=None) for line in LINES[:number]]
    for one in found:
        engine.add(one.sequence)
    finish(engine)
    return found


def test_a_size_is_recorded_once_and_replayed(recorded: Recorded) -> None:
    model, session = recorded
    engine = scheduler_in_buckets(model)

    found = written(model, engine, 1, tokens=20)

    assert found[0].text == alone(model, LINES[0], 20)[0]
    assert session.num_recorded == 1
    assert session.num_replayed == 18  # the first token is that of the prompt


def test_odd_numbers_of_rows_share_the_next_size(recorded: Recorded) -> None:
    model, session = recorded
    engine = scheduler_in_buckets(model)

    for number in (3, 4):
        found = written(model, engine, number)
        assert [one.text for one in found] == [alone(model, line)[0] for line in LINES[:number]]

    # On their way up they were one and two.
    assert session.num_recorded == len(session.recorded) == 3


@pytest.mark.parametrize(("rows", "slots", "size"), [(1, 4, 1), (3, 4, 4), (5, 8, 8), (5, 6, 6)])
def test_a_step_is_as_wide_as_the_next_power_of_two_or_all_slots(
    recorded: Recorded, rows: int, slots: int, size: int
) -> None:
    model, _ = recorded
    engine = scheduler_in_buckets(model, replace(BOUNDS, slots=slots))

    assert len(written(model, engine, rows)) == rows
    stepper = engine._stepper
    assert isinstance(stepper, BucketStepper)
    assert max(stepper._buckets) == size


def test_what_was_recorded_goes_when_the_cache_moves(recorded: Recorded) -> None:
    model, session = recorded
    engine = scheduler_in_buckets(model)
    written(model, engine, 1)
    before = set(session.recorded)

    long = asked(model, LINES[0], 4 * CHUNK - 30, logprobs=None)
    engine.add(long.sequence)
    finish(engine)

    assert long.text == alone(model, LINES[0], 4 * CHUNK - 30)[0]
    assert not before & set(session.recorded)


def test_nothing_recorded_outlives_the_memory(recorded: Recorded) -> None:
    model, session = recorded
    engine = scheduler_in_buckets(model)
    first = written(model, engine, 3)
    engine.release()

    assert session.recorded == {}
    assert engine.kv_bytes == 0
    assert [one.text for one in written(model, engine, 3)] == [one.text for one in first]


def test_a_run_that_cannot_be_recorded_runs_all_the_same(recorded: Recorded) -> None:
    model, session = recorded
    engine = scheduler_in_buckets(model)
    written(model, engine, 1)
    session.breaks = RuntimeError("operation not permitted when stream is capturing")

    found = written(model, engine, 4)

    assert [one.text for one in found] == [alone(model, line)[0] for line in LINES[:4]]
    assert session.num_recorded == 1


def test_idle_slots_lose_nothing_they_hold(recorded: Recorded) -> None:
    """Three write in steps of four, and the fourth slot keeps a prompt for others."""
    model, _ = recorded
    engine = scheduler_in_buckets(model)
    first, last = ([*([3] * CHUNK), *more] for more in ([1], [2, 2]))
    one = asked(model, first, 2)
    engine.add(one.sequence)
    finish(engine)
    written(model, engine, 3)
    other = asked(model, last, 5)
    engine.add(other.sequence)
    finish(engine)

    assert engine.tokens_reused == CHUNK
    assert other.outcome == alone(model, last, 5)


def test_a_full_slot_that_idles_gives_a_chunk_up(recorded: Recorded) -> None:
    model, _ = recorded
    stepper = scheduler_in_buckets(model)._stepper
    assert isinstance(stepper, BucketStepper)
    row = new_row([1] * 100, 110)
    stepper.open(row)
    row.length = stepper._memory.room

    assert stepper._place(row) == row.length == stepper._memory.room - CHUNK


def test_logits_come_whole_only_where_they_are_needed(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = recorded
    engine = scheduler_in_buckets(model)
    read: list[tuple[int, ...]] = []
    original = Buffer.read

    def noted(buffer: Buffer) -> NDArray[Any]:
        read.append(buffer.shape)
        return original(buffer)

    monkeypatch.setattr(Buffer, "read", noted)

    written(model, engine, 2)
    assert read == []

    one = asked(model, LINES[0], 5, logprobs=2)
    engine.add(one.sequence)
    finish(engine)
    assert len(read) == 4


def test_no_row_is_longer_than_its_rotary_table() -> None:
    """`total_sequence_length` is that of a slot, which is rounded up."""
    model = shared()
    graph, _ = recording(model)
    known = replace(tiny(model, LAYOUT), graph=graph)
    engine = scheduler_in_buckets(known, Bounds(4, 100, 10**8))
    one = asked(known, LINES[0], 70)
    engine.add(one.sequence)
    finish(engine)

    bucket = engine._stepper._buckets[1]  # type: ignore[attr-defined]
    totals = [buffer.array for buffer in bucket.recording.bindings._held[0].values()]
    assert [100] in [values.tolist() for values in totals if values.dtype == np.int32]


def test_a_step_ends_before_it_begins_when_it_is_interrupted(recorded: Recorded) -> None:
    model, session = recorded
    engine = scheduler_in_buckets(model)
    one = asked(model, LINES[0], 8)
    engine.add(one.sequence)
    while not engine._writing:
        engine.step()
    before = session.num_recorded, session.num_replayed
    engine.interrupt = Interrupt()
    engine.interrupt.set()
    engine.step()

    assert one.is_over
    assert (session.num_recorded, session.num_replayed) == before
