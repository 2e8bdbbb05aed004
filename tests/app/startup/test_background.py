from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.startup import background
from app.startup.background import Chore, in_background
from app.telemetry import Metrics
from tests.http import until


class Task:
    """Work that fails as often as it is told to."""

    def __init__(self, num_failures: int = 0, error: Exception | None = None) -> None:
        self.num_runs = 0
        self.num_failures = num_failures
        self.error = error or Unavailable("The database is down.")

    async def run(self) -> None:
        self.num_runs += 1
        if self.num_runs <= self.num_failures:
            raise self.error


async def test_chores_are_done_again_and_again() -> None:
    task = Task()
    async with in_background([Chore("task", 0.001, task.run)], Metrics()):
        await until(lambda: task.num_runs >= 5)
    done = task.num_runs
    await asyncio.sleep(0.02)

    assert task.num_runs == done


async def test_a_chore_that_is_due_does_not_wait() -> None:
    due, later = Task(), Task()
    chores = [Chore("due", 600.0, due.run, is_due=True), Chore("later", 600.0, later.run)]
    async with in_background(chores, Metrics()):
        await until(lambda: due.num_runs == 1)

    assert later.num_runs == 0


async def test_no_error_ends_a_chore() -> None:
    metrics, failing, other = Metrics(), Task(10), Task()
    chores = [Chore("failing", 0.001, failing.run), Chore("other", 0.001, other.run)]
    with capture_logs() as logged:
        async with in_background(chores, metrics):
            await until(lambda: failing.num_runs > 11 and other.num_runs > 11)

    told = [entry["failures"] for entry in logged if entry["event"] == "chore_failed"]
    assert told == [1, 2, 4, 8]
    (recovered,) = [entry for entry in logged if entry["event"] == "chore_works_again"]
    assert (recovered["chore"], recovered["failures"]) == ("failing", 10)
    assert b'penstock_background_failures_total{task="failing"} 10.0' in metrics.render()


async def test_an_unexpected_error_keeps_its_frames() -> None:
    task = Task(1, ValueError("odd"))
    with capture_logs() as logged:
        async with in_background([Chore("task", 0.001, task.run)], Metrics()):
            await until(lambda: task.num_runs > 2)

    assert logged[0]["log_level"] == "error"
    assert isinstance(logged[0]["exc_info"], ValueError)


async def test_a_chore_that_hangs_ends_with_the_context() -> None:
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with in_background([Chore("hang", 0.0, hang)], Metrics()):
        await begun.wait()


async def test_the_loops_lag_is_measured() -> None:
    metrics = Metrics()
    was, background.LAG_EVERY_S = background.LAG_EVERY_S, 0.01
    try:
        async with in_background([], metrics):
            await until(lambda: b"event_loop_lag_seconds_count 0.0" not in metrics.render())
    finally:
        background.LAG_EVERY_S = was


async def test_a_cancellation_that_is_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.startup.background.CANCEL_AGAIN_S", 0.01)
    begun = asyncio.Event()
    lost = 0

    async def lose_it_once() -> None:
        nonlocal lost
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if lost:
                raise
            lost += 1

    async with asyncio.timeout(20):
        async with in_background([Chore("deaf", 60.0, lose_it_once, is_due=True)], Metrics()):
            await begun.wait()
    assert lost == 1
