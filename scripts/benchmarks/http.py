"""The whole server beside the bare engine: what HTTP, streaming and filters cost."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from app.runtime import num_threads
from scripts.benchmarks.engines.contenders import CONTENDERS, OWN
from scripts.benchmarks.engines.models import Models
from scripts.benchmarks.engines.process import Process
from scripts.benchmarks.generating import serving
from scripts.benchmarks.metrics import Metrics, quantile
from scripts.benchmarks.peers.child import Asked
from scripts.benchmarks.served import Served
from scripts.benchmarks.streaming import ask

LAG = "penstock_event_loop_lag_seconds"
MODEL = "m135"


class Figures(BaseModel):
    """Medians over the rounds."""

    precision: str
    guards_answers: bool
    clients: int
    prompt_tokens: int
    new_tokens: int
    rounds: int
    engine_tokens_per_s: float
    http_tokens_per_s: float
    share: float
    """Of the bare engine's tokens a second, round by round."""
    engine_ttft_ms: float
    http_ttft_ms: float
    loop_lag_p99_ms: float
    """How late the server's event loop ran its timers while it was asked."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Requests that come all at once, time after time."""

    precision: str = "int8"
    clients: int = 16
    prompt_tokens: int = 64
    new_tokens: int = 128
    rounds: int = 3
    threads: int = 0
    spin_us: int | None = None
    guards_answers: bool = False

    @property
    def parameters(self) -> dict[str, int]:
        """What a client asks for."""
        return {"max_tokens": self.new_tokens, "min_tokens": self.new_tokens}


@dataclass(slots=True)
class _Speeds:
    tokens_per_s: list[float] = field(default_factory=list)
    ttft_ms: list[float] = field(default_factory=list)

    def note(self, tokens_per_s: float, ttft_s: float) -> None:
        """Keep the figures of one wave."""
        self.tokens_per_s.append(tokens_per_s)
        self.ttft_ms.append(ttft_s * 1_000)


def measure(wave: Wave, folder: Path) -> Figures:
    """Ask the bare engine and the server in turns.

    Raises:
        Absent: the model cannot be made.
        Refused: the server refused a request.
    """
    console = Console(stderr=True)
    with console.status("making the model"):
        models = Models(folder, console.log)
        (contender,) = (one for one in CONTENDERS if one.name == f"{OWN} {wave.precision}")
        bundle = models.path(contender, MODEL)
        prompts = models.prompts(MODEL)
    bare, whole = _Speeds(), _Speeds()
    threads = num_threads(wave.threads)
    with (
        console.status("starting the server") as status,
        Process(contender, bundle, threads, spin_us=wave.spin_us) as engine,
        serving(
            bundle,
            threads=threads,
            spin_us=wave.spin_us,
            guards_answers=wave.guards_answers,
        ) as server,
    ):
        lags = []
        for turn in range(wave.rounds + 1):
            status.update(f"round {turn} of {wave.rounds}")
            asked = [prompts.make(wave.clients, wave.prompt_tokens, 2 * turn + n) for n in (0, 1)]
            speeds = (_Speeds(), _Speeds()) if turn == 0 else (bare, whole)  # the first warms up
            speeds[0].note(*_ask_engine(engine, wave, asked[0]))
            before = Metrics.of(server).buckets(LAG)
            speeds[1].note(*asyncio.run(_ask_server(server, wave, asked[1])))
            lags.append(quantile(before, Metrics.of(server).buckets(LAG), 0.99))
    return _figures(wave, bare, whole, lags[1:])


def show(figures: Figures) -> None:
    """Print the figures as a table."""
    table = Table("figure", "value", title="the server beside its engine", title_justify="left")
    for name, value in figures.model_dump().items():
        table.add_row(name, str(value))
    Console().print(table)


def _ask_engine(engine: Process, wave: Wave, asked: list[Asked]) -> tuple[float, float]:
    written = engine.write(asked, wave.new_tokens)
    last_s = max(times[-1] for times in written.times)
    return wave.clients * wave.new_tokens / last_s, fmean(times[0] for times in written.times)


async def _ask_server(server: Served, wave: Wave, asked: list[Asked]) -> tuple[float, float]:
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(server, one.text, wave.parameters)) for one in asked]
    took_s = time.perf_counter() - began
    streams = [task.result() for task in tasks]
    return sum(one.tokens for one in streams) / took_s, fmean(one.first_s for one in streams)


def _figures(wave: Wave, bare: _Speeds, whole: _Speeds, lags_s: list[float]) -> Figures:
    pairs = zip(whole.tokens_per_s, bare.tokens_per_s, strict=True)
    return Figures(
        precision=wave.precision,
        guards_answers=wave.guards_answers,
        clients=wave.clients,
        prompt_tokens=wave.prompt_tokens,
        new_tokens=wave.new_tokens,
        rounds=wave.rounds,
        engine_tokens_per_s=round(median(bare.tokens_per_s), 1),
        http_tokens_per_s=round(median(whole.tokens_per_s), 1),
        share=round(median(one / other for one, other in pairs), 3),
        engine_ttft_ms=round(median(bare.ttft_ms), 1),
        http_ttft_ms=round(median(whole.ttft_ms), 1),
        loop_lag_p99_ms=round(median(lags_s) * 1_000, 2),
    )
