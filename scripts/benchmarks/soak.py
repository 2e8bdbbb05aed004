"""Half an hour of clients that come, read, and often go away in the middle: nothing may be left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import fmean

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from app.runtime import num_threads
from scripts.benchmarks.engines.contenders import CONTENDERS, OWN
from scripts.benchmarks.engines.models import Models
from scripts.benchmarks.engines.prompts import Prompts
from scripts.benchmarks.generating import serving
from scripts.benchmarks.metrics import Metrics
from scripts.benchmarks.served import Served
from scripts.benchmarks.streaming import Refused, ask, pieces

LOAD = 0.7
"""Of the requests a second that the server answered at its best."""
LEAVES = 0.3
"""The share of clients that go away before the end."""
MOST_AT_ONCE = 48
CALIBRATION = 32
PROMPTS = (48, 600)
NEW_TOKENS = (16, 160)
IDLE_S = 75.0
"""Longer than the engine keeps its memory without work."""
ALLOWED_GROWTH = {"rss_mb": 0.15, "descriptors": 0.0, "tasks": 0.0, "sequences": 0.0}
ALLOWED_MORE = {"rss_mb": 20.0, "descriptors": 4.0, "tasks": 2.0, "sequences": 0.0}
"""A measurement may be so much above the baseline: the share of it, and that much more."""


class State(BaseModel):
    """What an idle server holds."""

    rss_mb: float
    descriptors: float
    tasks: float
    sequences: float
    """That have a place in the batch, or wait for one."""


class Soaked(BaseModel):
    """What came of it."""

    minutes: float
    requests_per_s: float
    finished: int
    left: int
    """Clients that went away in the middle."""
    refused: int
    before: State
    """Idle, after a first wave of requests had made everything that is made once."""
    after: State

    @property
    def problems(self) -> list[str]:
        """What did not come back to where it was."""
        before, after = self.before.model_dump(), self.after.model_dump()
        return [
            f"{name}: {after[name]:.0f} after {before[name]:.0f}"
            for name in before
            if after[name] > before[name] * (1 + ALLOWED_GROWTH[name]) + ALLOWED_MORE[name]
        ] + ([f"{self.refused} requests were refused or cut off"] if self.refused else [])


@dataclass(slots=True)
class _Clients:
    """Clients of one server."""

    server: Served
    prompts: Prompts
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311  nothing secret
    finished: int = 0
    left: int = 0
    refused: int = 0
    at_once: int = 0

    async def visit(self) -> None:
        """Ask once, and perhaps go away in the middle."""
        seed = self.random.randrange(1 << 30)
        (asked,) = self.prompts.make(1, self.random.randint(*PROMPTS), seed)
        tokens = self.random.randint(*NEW_TOKENS)
        parameters = {"max_tokens": tokens, "min_tokens": tokens}
        self.at_once += 1
        try:
            if self.random.random() < LEAVES:
                await self._leave(asked.text, parameters, self.random.expovariate(1.0))
            else:
                await ask(self.server, asked.text, parameters)
                self.finished += 1
        except (Refused, OSError, TimeoutError):
            self.refused += 1
        finally:
            self.at_once -= 1

    async def _leave(self, text: str, parameters: Mapping[str, int], after_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(after_s):
                async for _ in pieces(self.server, text, dict(parameters)):
                    pass
        self.left += 1


def soak(minutes: float, precision: str, folder: Path) -> Soaked:
    """Start a server, load it for so long, and look at what it holds before and afterwards.

    Raises:
        Absent: the model cannot be made.
    """
    console = Console(stderr=True)
    models = Models(folder, console.log)
    (contender,) = (one for one in CONTENDERS if one.name == f"{OWN} {precision}")
    bundle = models.path(contender, "m15")
    clients_of = models.prompts("m15")
    with (
        serving(bundle, threads=num_threads(0)) as server,
        console.status("a first wave") as status,
    ):
        return asyncio.run(_soak(_Clients(server, clients_of), minutes, status.update))


def show(soaked: Soaked) -> None:
    """Print the figures as a table, and what is wrong."""
    console = Console()
    console.print(
        f"{soaked.minutes:.0f} minutes, {soaked.requests_per_s:.1f} requests a second: "
        f"{soaked.finished} finished, {soaked.left} clients left, {soaked.refused} were refused"
    )
    table = Table("idle server", "before", "after")
    after = soaked.after.model_dump()
    for name, value in soaked.before.model_dump().items():
        table.add_row(name, f"{value:.0f}", f"{after[name]:.0f}")
    console.print(table)
    for problem in soaked.problems:
        console.print(f"not well: {problem}", style="bold red")
    if not soaked.problems:
        console.print("all is back where it was")


async def _soak(clients: _Clients, minutes: float, tell: Callable[[str], None]) -> Soaked:
    rate = LOAD * await _best_rate(clients)
    tell("letting it rest")
    before = await _rested(clients.server)
    clients.finished = clients.left = clients.refused = 0
    await _visit_for(clients, minutes * 60, rate, tell)
    tell("letting it rest")
    return Soaked(
        minutes=minutes,
        requests_per_s=round(rate, 2),
        finished=clients.finished,
        left=clients.left,
        refused=clients.refused,
        before=before,
        after=await _rested(clients.server),
    )


async def _best_rate(clients: _Clients) -> float:
    """Return the requests a second that the server answers when there are always enough."""
    rates = []
    for _ in range(3):  # what the first one measures is warming up
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(CALIBRATION):
                group.create_task(clients.visit())
        rates.append(CALIBRATION / (time.monotonic() - began))
    return fmean(rates[1:])


async def _visit_for(
    clients: _Clients, seconds: float, rate: float, tell: Callable[[str], None]
) -> None:
    end = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(clients.random.expovariate(rate), left))
            if clients.at_once < MOST_AT_ONCE:
                group.create_task(clients.visit())
            tell(
                f"{left / 60:.1f} minutes left, {clients.at_once} at once, {clients.finished} done"
            )


async def _rested(server: Served) -> State:
    await asyncio.sleep(IDLE_S)
    metrics = await asyncio.to_thread(Metrics.of, server)
    return State(
        rss_mb=server.rss_mb(),
        descriptors=server.num_descriptors(),
        tasks=metrics.total("penstock_event_loop_tasks"),
        sequences=metrics.total("penstock_model_running")
        + metrics.total("penstock_model_queue_size"),
    )
