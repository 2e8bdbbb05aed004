"""A prompt in full beside its bytes: what is kept, and when it is taken anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.engine.generation.prompt_memory import PromptMemory
from app.engine.generation.rows import new_row
from app.runtime import Buffer
from tests.normal_graphs import HEAD_DIM, HEADS, LAYOUT

ROOM = 128
SCALES = tuple(
    np.random.default_rng(number).uniform(0.01, 0.1, (1, HEADS, 1, HEAD_DIM)).astype(np.float32)
    for number in range(len(LAYOUT.past))
)
BYTES = replace(
    LAYOUT,
    kv_dtype=np.dtype(np.int8),
    prompt_past=tuple(f"prompt.{name}" for name in LAYOUT.past),
    prompt_present=tuple(f"prompt.{name}" for name in LAYOUT.present),
    kv_scales=SCALES,
)


def slot() -> list[Buffer]:
    shape = (1, HEADS, ROOM, HEAD_DIM)
    return [Buffer.over(np.zeros(shape, np.int8)) for _ in LAYOUT.past]


def read(memory: PromptMemory, start: int, end: int, seed: int = 0) -> None:
    """Write numbers, some of them too large for a byte, as a run would."""
    random = np.random.default_rng(seed)
    for buffer in memory.buffers:
        buffer.array[:, :, start:end] = random.normal(
            scale=3, size=(1, HEADS, end - start, HEAD_DIM)
        )


def full(memory: PromptMemory, length: int) -> list[NDArray[np.float32]]:
    return [buffer.array[:, :, :length].copy() for buffer in memory.buffers]


def test_the_floats_are_what_the_bytes_say() -> None:
    memory, row, place = PromptMemory(BYTES), new_row(range(100), 110), slot()
    memory.take(row, place, ROOM)
    read(memory, 0, 64)
    before = full(memory, 64)

    memory.keep(place, 64)

    for floats, kept, scale, was in zip(full(memory, 64), place, SCALES, before, strict=True):
        assert np.array_equal(floats, kept.array[:, :, :64] * scale)
        inside = np.abs(was) < 127 * scale
        assert (
            np.abs(floats - was)[inside] <= 0.51 * np.broadcast_to(scale, was.shape)[inside]
        ).all()
        assert np.abs(kept.array).max() == 127


def test_a_row_that_waited_reads_on_where_it_was() -> None:
    memory, place, other = PromptMemory(BYTES), slot(), slot()
    row, rival = new_row(range(100), 110), new_row(range(90), 110)
    memory.take(row, place, ROOM)
    read(memory, 0, 64)
    memory.keep(place, 64)
    row.length = 64
    expected = full(memory, 64)
    memory.take(rival, other, ROOM)
    read(memory, 0, 64, seed=1)
    memory.keep(other, 64)

    memory.take(row, place, ROOM)

    assert all(map(np.array_equal, full(memory, 64), expected))


def test_what_a_row_copied_meanwhile_is_taken_over() -> None:
    memory, place = PromptMemory(BYTES), slot()
    row = new_row(range(128), 128)
    memory.take(row, place, ROOM)
    for kept in place:
        kept.array[:, :, :64] = 7
    row.length = 64

    memory.take(row, place, ROOM)

    for floats, scale in zip(full(memory, 64), SCALES, strict=True):
        assert np.array_equal(floats, np.broadcast_to(7 * scale, floats.shape))


def test_memory_grows_with_the_slots_and_is_given_back() -> None:
    memory, row = PromptMemory(BYTES), new_row(range(10), 20)
    memory.take(row, slot(), ROOM)
    assert memory.nbytes == memory.slots_worth * ROOM * BYTES.kv_bytes_per_token
    memory.clear()
    assert memory.nbytes == 0


def test_a_cache_of_floats_needs_none_of_it() -> None:
    memory = PromptMemory(LAYOUT)
    memory.take(new_row(range(10), 20), slot(), ROOM)
    memory.keep(slot(), 10)

    assert (memory.slots_worth, memory.nbytes, memory.buffers) == (0, 0, [])
