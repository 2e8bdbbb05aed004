"""What the chain itself costs: filters that measure nothing around a model that says one thing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from statistics import median
from time import perf_counter

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.engine import Delta, Prompt, Task
from app.engine.served import ServedEngines
from app.exchange import Exchange, Message
from app.pipeline import Pipeline
from app.settings import ChainEntry
from filters import Filter, Finding, Item, Options, Stage, Unit

ROUNDS = 2_000
ANSWER = "Write one class in one file. Give it a test. Name it in the settings."


class Idle(Filter):
    """Measure nothing."""

    unit = Unit.sentence()

    async def check(self, item: Item) -> Finding | None:
        """Return at once."""
        return None


class OneAnswer:
    """An engine that always says the same."""

    name = "fixed"
    version = "1"
    task = Task.QUESTION_ANSWERING
    is_alive = True
    num_waiting = 0

    async def check(self, prompt: Prompt) -> None:
        """Take anything."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Yield the answer."""
        yield Delta(ANSWER, finish_reason="stop")

    async def close(self) -> None:
        """Nothing is held."""


class Nowhere:
    """Keeps no record."""

    def check_room(self) -> None:
        """There is always room."""

    async def record(self, exchange: Exchange) -> None:
        """Forget it."""


def chain_overhead_ms() -> float:
    """Return the median milliseconds of an exchange whose five filters and model cost nothing."""
    return asyncio.run(_measure())


async def _measure() -> float:
    stages = [Stage.INPUT] * 3 + [Stage.OUTPUT] * 2
    instances = [
        Instance(ChainEntry(id=f"idle-{i}", filter="idle", stage=stage), Idle(Options()))
        for i, stage in enumerate(stages)
    ]
    pipeline = Pipeline(
        Chain(instances), ServedEngines.of({"fixed": OneAnswer()}), Nowhere(), request_s=30.0
    )
    times = []
    for _ in range(ROUNDS):
        exchange = Exchange((Message("user", "How do I add a filter?"),), model="fixed")
        started = perf_counter()
        await pipeline.run(exchange)
        times.append((perf_counter() - started) * 1_000)
    return median(times)
