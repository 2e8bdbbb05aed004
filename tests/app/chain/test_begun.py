"""A coroutine is run up to where it waits, and on from there in the same task."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from app.chain.begun import Begun


async def finished(coroutine: Coroutine[Any, Any, object]) -> object:
    begun = Begun(coroutine)
    assert begun.waits
    return await begun


async def test_what_never_waits_is_done_at_once() -> None:
    async def five() -> int:
        return 5

    begun = Begun(five())

    assert not begun.waits
    assert begun.result == 5


async def test_what_is_raised_before_it_waits_is_raised_at_once() -> None:
    async def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Begun(fails())


async def test_it_stays_in_its_task_and_gets_what_it_waits_for() -> None:
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()
    loop.call_soon(first.set_result, "a")
    loop.call_soon(second.set_exception, KeyError("b"))
    tasks = []

    async def waits() -> str:
        tasks.append(asyncio.current_task())
        found = str(await first)
        await asyncio.sleep(0)
        tasks.append(asyncio.current_task())
        try:
            await second
        except KeyError as error:
            found += str(error.args[0])
        return found

    assert await finished(waits()) == "ab"
    assert tasks == [asyncio.current_task()] * 2


async def test_its_own_time_limits_hold() -> None:
    async def limited() -> str:
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "late"
        return "in time"

    async with asyncio.timeout(60):
        assert await finished(limited()) == "late"


async def test_a_cancelled_task_cancels_what_it_waits_for() -> None:
    seen = []

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise

    task = asyncio.ensure_future(finished(cleans_up()))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cleaned up"]
