"""Filters that never wait let others have their turn."""

from __future__ import annotations

import asyncio
import time

from app.chain.chain import StageRun
from app.chain.turn import LONGEST_MS, Turn
from filters import Finding, Item, Unit
from tests.app.chain.sample_filters import CONTEXT, Word, WordOptions, instance


class Computing(Word):
    """Compute for as long as filters may in a row, and note how often others had their turn."""

    def __init__(self) -> None:
        super().__init__(WordOptions(), Unit.window(24))
        self.turns = 0
        self.seen: list[int] = []

    async def check(self, item: Item) -> Finding | None:
        until = time.perf_counter() + LONGEST_MS / 1_000
        while time.perf_counter() < until:
            pass
        self.seen.append(self.turns)
        return None


async def others(filter: Computing) -> None:
    while True:
        filter.turns += 1
        await asyncio.sleep(0)


async def test_a_turn_ends_when_it_was_long_enough() -> None:
    turn, theirs = Turn(), asyncio.Event()
    asyncio.get_running_loop().call_soon(theirs.set)

    turn.spend(LONGEST_MS / 2)
    await turn.take()
    assert not theirs.is_set()
    turn.spend(LONGEST_MS / 2)
    await turn.take()
    assert theirs.is_set()


async def test_others_have_their_turn_between_units() -> None:
    for action in "block", "rewrite":
        filter = Computing()
        beside = asyncio.ensure_future(others(filter))
        await StageRun([instance(filter, action=action)]).text(CONTEXT).feed("x" * 220, last=True)
        beside.cancel()

        assert len(filter.seen) == 10
        assert filter.seen == sorted(set(filter.seen)), action


async def test_many_short_texts_take_turns_as_one_long_one_does() -> None:
    filter = Computing()
    stage = StageRun([instance(filter)])
    beside = asyncio.ensure_future(others(filter))
    for _ in range(10):
        await stage.text(CONTEXT).feed("x", last=True)
    beside.cancel()

    assert filter.seen == sorted(set(filter.seen))
