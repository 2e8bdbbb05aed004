"""Work that goes on beside the requests, and that no error ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import structlog

from app.errors import PenstockError
from app.telemetry import Metrics

log = structlog.get_logger(__name__)

LAG_EVERY_S = 0.5
CANCEL_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do again and again."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[object]]
    is_due: bool = False
    """The first time is now, not after the first pause."""


@asynccontextmanager
async def in_background(chores: Sequence[Chore], metrics: Metrics) -> AsyncGenerator[None]:
    """Do the chores while the context is open."""
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(_repeat(chore, metrics), name=chore.name) for chore in chores]
        running.append(group.create_task(_measure_lag(metrics), name="loop-lag"))
        try:
            yield
        finally:
            await _end(running)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until it is heard: `wait_for` loses a cancellation that comes with its result."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=CANCEL_AGAIN_S)


async def _repeat(chore: Chore, metrics: Metrics) -> None:
    num_failures = 0
    if not chore.is_due:
        await asyncio.sleep(chore.every_s)
    while True:
        try:
            await chore.run()
        except Exception as error:  # noqa: BLE001  the next run may fare better, whatever it is
            num_failures += 1
            metrics.task_failures.labels(chore.name).inc()
            _tell(chore.name, num_failures, error)
        else:
            if num_failures:
                log.info("chore_works_again", chore=chore.name, failures=num_failures)
            num_failures = 0
        await asyncio.sleep(chore.every_s)


def _tell(name: str, num_failures: int, error: Exception) -> None:
    """Log the 1st, 2nd, 4th, 8th… failure in a row: an outage must not fill the log."""
    if num_failures & (num_failures - 1):
        return
    if isinstance(error, PenstockError):
        log.warning("chore_failed", chore=name, failures=num_failures, error=error.message)
    else:
        log.error("chore_failed", chore=name, failures=num_failures, exc_info=error)


async def _measure_lag(metrics: Metrics) -> None:
    while True:
        began = perf_counter()
        await asyncio.sleep(LAG_EVERY_S)
        metrics.loop_lag.observe(max(0.0, perf_counter() - began - LAG_EVERY_S))
