"""Whoever waits for a position is woken when it is reached, by any thread, and not before."""

from __future__ import annotations

import asyncio

import pytest

from app.recorder.watermark import Watermark


async def test_a_position_that_is_reached_is_not_waited_for() -> None:
    mark = Watermark()
    mark.advance(10)

    await mark.reach(10)


async def test_wakes_only_those_whose_position_is_reached() -> None:
    mark = Watermark()
    async with asyncio.TaskGroup() as group:
        near = group.create_task(mark.reach(5))
        far = group.create_task(mark.reach(6))
        await asyncio.sleep(0)

        await asyncio.to_thread(mark.advance, 5)
        await near

        assert not far.done()
        mark.advance(6)


async def test_a_failure_wakes_those_it_concerns() -> None:
    mark = Watermark()
    mark.advance(4)
    async with asyncio.TaskGroup() as group:
        reached = group.create_task(mark.reach(4))
        lost = [group.create_task(is_refused(mark, position)) for position in (5, 6)]
        later = group.create_task(mark.reach(7))
        await asyncio.sleep(0)
        await asyncio.to_thread(mark.fail, 6, OSError("disk"))

        await reached
        assert [await task for task in lost] == [True, True]
        assert not later.done()
        mark.advance(7)


async def test_a_failure_is_not_forgotten_when_the_next_try_succeeds() -> None:
    mark = Watermark()
    mark.fail(5, OSError("disk"))
    mark.advance(7)

    assert await is_refused(mark, 5)
    await mark.reach(6)


async def is_refused(mark: Watermark, position: int) -> bool:
    with pytest.raises(OSError, match="disk"):
        await mark.reach(position)
    return True


async def test_one_who_gave_up_does_not_disturb_the_others() -> None:
    mark = Watermark()
    async with asyncio.TaskGroup() as group:
        impatient = group.create_task(mark.reach(5))
        patient = group.create_task(mark.reach(5))
        await asyncio.sleep(0)
        impatient.cancel()

        mark.advance(5)
        await patient

    assert impatient.cancelled()


async def test_no_wake_up_is_missed_between_threads() -> None:
    mark = Watermark()

    def raise_all() -> None:
        for position in range(1, 2_001):
            mark.advance(position)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(raise_all))
        for position in range(1, 2_001):
            await mark.reach(position)
