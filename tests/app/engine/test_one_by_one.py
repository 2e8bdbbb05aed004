"""One completion between the engine's thread and the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from app.engine import Delta
from app.engine.one_by_one import Generation
from app.errors import ModelFailed
from app.runtime import Interrupt


def pieces(*texts: str) -> Iterator[Delta]:
    for text in texts:
        yield Delta(text)
    yield Delta(finish_reason="stop")


async def test_pieces_cross_from_the_thread_in_order() -> None:
    generation = Generation(pieces("a", "b", "c"), Interrupt())
    thread = threading.Thread(target=generation.work)
    thread.start()

    got = [piece.text async for piece in generation.stream()]

    thread.join()
    assert got == ["a", "b", "c", ""]


async def test_a_dropped_generation_raises() -> None:
    generation = Generation(pieces(), Interrupt())
    generation.drop(ModelFailed())

    with pytest.raises(ModelFailed):
        await anext(generation.stream())


def test_a_closed_loop_is_no_trouble_for_the_thread() -> None:
    async def make() -> Generation:
        return Generation(pieces("a"), Interrupt())

    generation = asyncio.run(make())

    generation.work()
