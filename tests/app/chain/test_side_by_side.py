"""Units are measured side by side where filters wait, and in one task where they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chain.chain import StageRun
from app.chain.side_by_side import MOST
from app.errors import FilterFailed
from filters import Finding, Item, Unit
from tests.app.chain.sample_filters import CONTEXT, Hanging, Word, WordOptions, instance

SENTENCE, WINDOW = Unit.sentence(), Unit.window(24)
TEXT = "One is fine. Two is fine. Three is bad. Four is evil. Five is fine. Six is bad."


class Noting(Word):
    """Note in which task each unit is judged, and how many wait at once."""

    def __init__(self, word: str, unit: Unit, waits: Callable[[Item], int]) -> None:
        super().__init__(WordOptions(word=word), unit)
        self.tasks: set[object] = set()
        self.most = self._waiting = 0
        self._waits = waits

    async def check(self, item: Item) -> Finding | None:
        self.tasks.add(asyncio.current_task())
        self._waiting += 1
        self.most = max(self.most, self._waiting)
        for _ in range(self._waits(item)):
            await asyncio.sleep(0)
        self._waiting -= 1
        return Finding(1.0, self.word) if self.word in item.text else None


def never(item: Item) -> int:
    return 0


def often(item: Item) -> int:
    return 20


async def released(*filters: Word) -> str:
    """Lead the text through filters that block."""
    judges = [instance(one, id=str(number)) for number, one in enumerate(filters)]
    return await StageRun(judges).text(CONTEXT).feed(TEXT, last=True)


async def test_filters_that_never_wait_cost_no_task() -> None:
    judges = [Noting("never there", unit, never) for unit in (SENTENCE, WINDOW)]

    assert await released(*judges) == TEXT
    assert judges[0].tasks == judges[1].tasks == {asyncio.current_task()}


async def test_so_many_wait_at_once_and_no_more() -> None:
    judge = Noting("never there", Unit.window(24), often)
    text = "x" * 24 * 3 * MOST

    assert await StageRun([instance(judge)]).text(CONTEXT).feed(text, last=True) == text
    assert judge.most == len(judge.tasks) == MOST


async def test_one_that_waits_long_does_not_keep_others_from_beginning() -> None:
    gate, text = asyncio.Event(), "x" * 24 * 3 * MOST

    class FirstWaits(Noting):
        async def check(self, item: Item) -> Finding | None:
            if item.start == 0:
                await gate.wait()
            elif item.start + len(item.text) == len(text):
                gate.set()
            return await super().check(item)

    judge = FirstWaits("never there", WINDOW, often)

    assert await StageRun([instance(judge)]).text(CONTEXT).feed(text, last=True) == text


@settings(max_examples=100, deadline=None)
@given(waits=st.lists(st.integers(0, 5), min_size=8, max_size=8), cuts=st.booleans())
async def test_whoever_waits_the_same_is_released(waits: list[int], cuts: bool) -> None:
    def some(item: Item) -> int:
        return waits[(item.start // 7 + len(item.text)) % len(waits)]

    one, other = ("bad", "evil") if cuts else ("evil", "never there")
    units = [(one, SENTENCE), (other, WINDOW), (other, SENTENCE)]
    waiting = [Noting(word, unit, some) for word, unit in units]
    computing = [Noting(word, unit, never) for word, unit in units]

    assert await released(*waiting) == await released(*computing)


async def test_a_block_gives_up_what_the_callers_own_task_waits_for() -> None:
    slow = instance(Hanging(WordOptions(word="One")), id="slow", deadline_ms=60_000)
    quick = instance(Word(WordOptions(word="One")), id="quick")
    task = asyncio.current_task()
    run = StageRun([slow, quick]).text(CONTEXT)

    async with asyncio.timeout(30):
        assert await run.feed(TEXT, last=True) == ""
    assert run.blocked_by is quick
    assert task is not None
    assert task.cancelling() == 0


async def test_who_leaves_takes_all_that_waits_along() -> None:
    left: list[str] = []

    class Leaving(Word):
        async def check(self, item: Item) -> Finding | None:
            try:
                await asyncio.Event().wait()
            finally:
                left.append(item.text)
            return None

    stage = StageRun([instance(Leaving(WordOptions()), deadline_ms=60_000)])
    feeding = asyncio.ensure_future(stage.text(CONTEXT).feed(TEXT, last=True))
    for _ in range(20):
        await asyncio.sleep(0)
    feeding.cancel()

    with pytest.raises(asyncio.CancelledError):
        await feeding
    assert len(left) == 6
    assert stage.verdicts == []


async def test_a_time_limit_around_it_is_a_time_limit() -> None:
    stage = StageRun([instance(Hanging(WordOptions(word="is")), deadline_ms=60_000)])

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await stage.text(CONTEXT).feed(TEXT, last=True)


async def test_a_filter_that_ends_its_own_task_lets_nothing_more_pass() -> None:
    class Ending(Word):
        async def check(self, item: Item) -> Finding | None:
            task = asyncio.current_task()
            assert task is not None
            if task is not caller:
                task.cancel()
            for _ in range(20):
                await asyncio.sleep(0)
            return None

    caller = asyncio.current_task()
    run = StageRun([instance(Ending(WordOptions()))]).text(CONTEXT)

    assert await run.feed(TEXT, last=True) == "One is fine."
    assert isinstance(run.failure, FilterFailed)
