"""A check is timed step by step, and one that never ends is ended."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
import time

import pytest

from app.testing.stepping import Steps, Stuck, interrupted


async def answer(*parts: float) -> int:
    for part in parts:
        time.sleep(part)  # noqa: ASYNC251 - what is timed
        await asyncio.sleep(0)
    return 42


async def test_the_longest_step_is_told_and_the_result_is_that_of_the_coroutine() -> None:
    steps = Steps(answer(0.001, 0.03, 0.001), 5.0)

    assert await steps == 42
    assert steps.longest_s >= steps.held_s >= 0.02


async def test_what_the_coroutine_raises_and_a_cancellation_come_through() -> None:
    async def failing() -> None:
        await asyncio.sleep(0)
        raise KeyError("x")

    async def waiting() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "cleaned up"
        return ""

    async def kept(steps: Steps[str]) -> str:
        return await steps

    with pytest.raises(KeyError):
        await Steps(failing(), 5.0)
    task = asyncio.ensure_future(kept(Steps(waiting(), 5.0)))
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "cleaned up"


async def test_a_pattern_that_never_ends_is_interrupted() -> None:
    async def backtracking() -> object:
        return re.search(r"(a+)+$", "a" * 100 + "!")

    with pytest.raises(Stuck):
        await Steps(backtracking(), 0.05)


def test_a_limit_that_others_set_goes_on() -> None:
    def note(number: int, frame: object) -> None:
        rung.append(number)

    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, note)
    try:
        signal.setitimer(signal.ITIMER_REAL, 60)
        with interrupted(5):
            pass
        left_s, _ = signal.getitimer(signal.ITIMER_REAL)
        assert signal.getsignal(signal.SIGALRM) is note
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert 0 < left_s <= 60
    assert rung == []


def test_beside_the_main_thread_nothing_is_interrupted() -> None:
    ended: list[bool] = []

    def work() -> None:
        with interrupted(0.001):
            time.sleep(0.01)
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert ended == [True]
