"""One load on one engine, and all of them in turns: each round asks everybody everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from pydantic import BaseModel

from scripts.benchmarks.engines.bandwidth import read_bandwidth
from scripts.benchmarks.engines.contenders import Contender
from scripts.benchmarks.engines.process import Absent, Process, Written
from scripts.benchmarks.engines.prompts import Prompts

WARM_TOKENS = 4


class Row(BaseModel):
    """One measurement: one engine, one load, one round."""

    engine: str
    precision: str
    weight_bits: int
    model: str
    prompt_tokens: int
    new_tokens: int
    concurrency: int
    tokens_per_s: float
    """Tokens written by all, from the requests' arrival to the last token."""
    ttft_ms: float
    """Mean time to a request's first token."""
    itl_p50_ms: float
    """Between two tokens of one request."""
    itl_p99_ms: float
    peak_rss_mb: float
    limit_share: float
    """The least time of a step (its bytes over the bandwidth) as a share of the median one."""


@dataclass(frozen=True, slots=True)
class Load:
    """Requests that come all at once."""

    model: str
    prompt_tokens: int
    new_tokens: int
    concurrency: int

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.model} {self.prompt_tokens:,}+{self.new_tokens} by {self.concurrency}"


@dataclass(slots=True)
class Plan:
    """What is measured, for how long, and who takes part."""

    loads: Sequence[Load]
    contenders: Sequence[Contender]
    rounds: int
    threads: int
    spin_us: int | None
    ends_at: float
    """On the monotonic clock; what has begun is finished."""
    patience_s: float
    """For one load on one engine."""
    model_of: Callable[[Contender, str], Path]
    prompts_of: Callable[[str], Prompts]

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.ends_at


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    rows: list[Row] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    """Why a contender is missing, by name and model."""
    bandwidths: list[float] = field(default_factory=list)
    """Bytes a second, one a round."""
    is_complete: bool = True
    """Whether the time was enough for all rounds."""


def measure(plan: Plan, tell: Callable[[str], None]) -> Outcome:
    """Measure in turns, so that a busy minute of the machine hits everybody.

    Models come one after the other, because all processes of one stay open at once.
    """
    outcome = Outcome()
    for model in dict.fromkeys(load.model for load in plan.loads):
        if plan.is_over:
            outcome.is_complete = False
            break
        with ExitStack() as stack:
            tell(f"{model}: opening")
            opened = _open_all(plan, model, stack, outcome)
            for turn in range(plan.rounds):
                _measure_round(plan, model, turn, opened, outcome, tell)
    return outcome


def _open_all(plan: Plan, model: str, stack: ExitStack, outcome: Outcome) -> list[Process]:
    opened = []
    for contender in plan.contenders:
        try:
            path = plan.model_of(contender, model)
            process = Process(
                contender, path, plan.threads, spin_us=plan.spin_us, patience_s=plan.patience_s
            )
        except Absent as error:
            outcome.absent[f"{contender.name} ({model})"] = str(error)
        else:
            opened.append(stack.enter_context(process))
    return opened


def _measure_round(
    plan: Plan,
    model: str,
    turn: int,
    opened: list[Process],
    outcome: Outcome,
    tell: Callable[[str], None],
) -> None:
    bandwidth = read_bandwidth(plan.threads)
    outcome.bandwidths.append(bandwidth)
    prompts = plan.prompts_of(model)
    for number, load in enumerate(load for load in plan.loads if load.model == model):
        for process in list(opened):
            if plan.is_over:
                outcome.is_complete = False
                return
            tell(f"round {turn + 1} of {plan.rounds}: {load.name}, {process.contender.name}")
            try:
                seed = 1_000 * turn + 2 * number
                outcome.rows.append(_measure_one(process, load, prompts, seed, bandwidth))
            except Absent as error:
                outcome.absent[f"{process.contender.name} ({load.name})"] = str(error)
                opened.remove(process)


def _measure_one(
    process: Process, load: Load, prompts: Prompts, seed: int, bandwidth: float
) -> Row:
    process.write(prompts.make(1, load.prompt_tokens, seed + 1), WARM_TOKENS)
    asked = prompts.make(load.concurrency, load.prompt_tokens, seed)
    written = process.write(asked, load.new_tokens)
    return row_of(process.contender, load, written, bandwidth)


def row_of(contender: Contender, load: Load, written: Written, bandwidth: float) -> Row:
    """Return the figures of one load."""
    gaps_ms = sorted(gap * 1_000 for times in written.times for gap in _gaps(times))
    last_s = max(times[-1] for times in written.times)
    step_ms = max(gaps_ms[len(gaps_ms) // 2], 1e-3)
    length = load.prompt_tokens + load.new_tokens / 2
    least_ms = contender.step_bytes(load.model, load.concurrency, length) / bandwidth * 1_000
    return Row(
        engine=contender.engine,
        precision=contender.precision,
        weight_bits=contender.weight_bits,
        model=load.model,
        prompt_tokens=load.prompt_tokens,
        new_tokens=load.new_tokens,
        concurrency=load.concurrency,
        tokens_per_s=round(load.concurrency * load.new_tokens / last_s, 1),
        ttft_ms=round(fmean(times[0] for times in written.times) * 1_000, 1),
        itl_p50_ms=round(step_ms, 2),
        itl_p99_ms=round(gaps_ms[len(gaps_ms) * 99 // 100], 2),
        peak_rss_mb=round(written.peak_rss_mb, 1),
        limit_share=round(least_ms / step_ms, 3),
    )


def _gaps(times: Sequence[float]) -> Iterator[float]:
    return (later - earlier for earlier, later in pairwise(times))
