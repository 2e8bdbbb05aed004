"""What becomes of a check, however the filter ends."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
import structlog
from structlog.testing import capture_logs

from app.chain.check import Check
from app.chain.failures import CheckFailed
from filters import Finding, Item
from tests.app.chain.sample_filters import CONTEXT, Hanging, Word, WordOptions, instance

ITEM = Item("a bad thing", CONTEXT)


def kind(check: Check) -> str:
    assert isinstance(check.result, CheckFailed)
    return check.result.kind


class Computing(Word):
    """Return without waiting."""

    async def check(self, item: Item) -> Finding | None:
        return Finding(0.7, "computed")


async def test_what_never_waits_is_measured_at_once() -> None:
    check = instance(Computing(WordOptions())).begin(ITEM)

    assert not check.waits
    assert check.result == Finding(0.7, "computed")
    assert check.took_ms > 0


async def test_what_waits_is_to_be_finished() -> None:
    check = instance(Word(WordOptions())).begin(ITEM)

    assert check.waits
    await check.finish()
    assert isinstance(check.result, Finding)


async def test_time_that_was_computed_away_is_not_there_to_wait() -> None:
    class Both(Word):
        async def check(self, item: Item) -> Finding | None:
            until = time.perf_counter() + 0.01
            while time.perf_counter() < until:
                pass
            for _ in range(3):
                await asyncio.sleep(0)
            return None

    assert kind(await instance(Both(WordOptions()), deadline_ms=5.0).check(ITEM)) == "timeout"


async def test_a_filter_that_holds_the_event_loop_beyond_its_deadline_is_told() -> None:
    class Holding(Word):
        async def check(self, item: Item) -> Finding | None:
            until = time.perf_counter() + 0.01
            while time.perf_counter() < until:
                pass
            return None

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with capture_logs() as logs:
        check = await instance(Holding(WordOptions()), deadline_ms=5.0).check(ITEM)

    assert check.result is None
    assert [one["event"] for one in logs] == ["filter_held_event_loop"]


async def test_a_filter_that_ends_the_program_fails_only() -> None:
    class Exits(Word):
        async def check(self, item: Item) -> Finding | None:
            raise SystemExit(3)

    assert kind(await instance(Exits(WordOptions())).check(ITEM)) == "raised"


@pytest.mark.parametrize("waits_first", [False, True])
async def test_what_a_filter_cancels_itself_is_its_failure(waits_first: bool) -> None:
    class Cancelled(Word):
        async def check(self, item: Item) -> Finding | None:
            if waits_first:
                await asyncio.sleep(0)
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future
            return None

    assert kind(await instance(Cancelled(WordOptions())).check(ITEM)) == "raised"


async def test_a_cancelled_task_says_nothing_about_the_filter() -> None:
    placed = instance(Hanging(WordOptions()), deadline_ms=60_000)
    for _ in range(10):
        task = asyncio.ensure_future(placed.check(ITEM))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert not placed.is_circuit_open


async def test_a_filter_that_cannot_be_awaited_fails() -> None:
    class Plain(Word):
        def check(self, item: Item) -> None:  # type: ignore[override]
            return None

    assert kind(await instance(Plain(WordOptions())).check(ITEM)) == "raised"
