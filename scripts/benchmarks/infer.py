"""`POST /infer` through the whole chain, as clients see it."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from pydantic import BaseModel
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from scripts.benchmarks.bookkeeping import chain_overhead_ms
from scripts.benchmarks.served import Served, served

CLIENTS = 16
WARM_UP = 8
QUESTIONS = (
    "How do I add a filter?",
    "What happens when Postgres is down?",
    "How do I make an API key?",
    "Which durability levels does the recorder have?",
    "How does the server shut down?",
    "Where is the state kept?",
    "What is a bundle?",
    "What does a filter return?",
)


class Figures(BaseModel):
    """What one run measured. Times in milliseconds unless the name says otherwise."""

    ready_s: float
    p50_ms: float
    p95_ms: float
    rps_16: float
    p50_16_ms: float
    stages_ms: dict[str, float]
    """Median by stage and by filter at one client."""
    log_added_p50_ms: float
    chain_overhead_p50_ms: float
    idle_rss_mb: float
    loaded_rss_mb: float
    requests: int
    failures: int


def measure(config: Path, requests: int, seconds: float) -> Figures:
    """Start a server, measure it, end it."""
    with Progress(transient=True) as progress, served(config) as server:
        idle_rss_mb = server.rss_mb()
        single = progress.add_task("1 client", total=requests)
        lone = asyncio.run(_one_client(server, requests, lambda: progress.advance(single)))
        progress.add_task(f"{CLIENTS} clients, {seconds:.0f} s", total=None)
        crowd = asyncio.run(_many_clients(server, seconds))
        answers = [answer for _, answer in lone if answer]
        stages = _stages(answers)
        return Figures(
            ready_s=round(server.ready_s, 2),
            p50_ms=_percentile([ms for ms, _ in lone], 50),
            p95_ms=_percentile([ms for ms, _ in lone], 95),
            rps_16=round(len(crowd) / seconds, 2),
            p50_16_ms=_percentile([ms for ms, _ in crowd], 50),
            stages_ms=stages,
            log_added_p50_ms=stages["record"],
            chain_overhead_p50_ms=round(chain_overhead_ms(), 3),
            idle_rss_mb=round(idle_rss_mb, 1),
            loaded_rss_mb=round(server.rss_mb(), 1),
            requests=len(lone) + len(crowd),
            failures=sum(answer is None for _, answer in [*lone, *crowd]),
        )


def show(figures: Figures) -> None:
    """Print the figures as a table."""
    table = Table("figure", "value", title="POST /infer", title_justify="left")
    for name, value in figures.model_dump(exclude={"stages_ms"}).items():
        table.add_row(name, str(value))
    for name, value in figures.stages_ms.items():
        table.add_row(f"  {name}", f"{value} ms")
    Console().print(table)


Timed = tuple[float, dict[str, Any] | None]


def _client(server: Served) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {server.key}"}
    limits = httpx.Limits(max_connections=CLIENTS)
    return httpx.AsyncClient(base_url=server.url, headers=headers, limits=limits, timeout=60)


async def _ask(client: httpx.AsyncClient, numbers: Iterator[int]) -> Timed:
    # Another question each time, so that no cache anywhere makes the figures better.
    number = next(numbers)
    prompt = f"{QUESTIONS[number % len(QUESTIONS)]} ({number})"
    started = time.perf_counter()
    response = await client.post("/infer", json={"prompt": prompt})
    took_ms = (time.perf_counter() - started) * 1_000
    return took_ms, response.json() if response.status_code == 200 else None


async def _one_client(server: Served, requests: int, advance: Any) -> list[Timed]:
    numbers = count()
    async with _client(server) as client:
        for _ in range(WARM_UP):
            await _ask(client, numbers)
        timed = []
        for _ in range(requests):
            timed.append(await _ask(client, numbers))
            advance()
    return timed


async def _many_clients(server: Served, seconds: float) -> list[Timed]:
    numbers = count(1_000_000)
    timed: list[Timed] = []

    async def ask_until(client: httpx.AsyncClient, end: float) -> None:
        while time.monotonic() < end:
            one = await _ask(client, numbers)
            if time.monotonic() < end:
                timed.append(one)

    async with _client(server) as client, asyncio.TaskGroup() as group:
        end = time.monotonic() + seconds
        for _ in range(CLIENTS):
            group.create_task(ask_until(client, end))
    return timed


def _stages(answers: Sequence[dict[str, Any]]) -> dict[str, float]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    for answer in answers:
        for name, ms in answer["timings"].items():
            times[name].append(ms)
        for verdict in answer["verdicts"]:
            times[f"filter:{verdict['id']}"].append(verdict["duration_ms"])
    return {name: round(median(values), 3) for name, values in times.items()}


def _percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 2)
