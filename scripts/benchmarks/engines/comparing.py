"""`scripts/bench engine`: what is measured, on what, and what becomes of the figures."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

from app.runtime import num_threads
from scripts.benchmarks.engines.contenders import CONTENDERS, Contender
from scripts.benchmarks.engines.measuring import Load, Outcome, Plan, measure
from scripts.benchmarks.engines.models import Models
from scripts.benchmarks.engines.process import PATIENCE_S
from scripts.benchmarks.engines.showing import draw, markdown, show

LENGTHS = ((64, 128), (1_024, 128))
CONCURRENCY = (1, 4, 8, 16, 32)
QUICK_LOADS = (
    Load("m15", 64, 128, 16),
    Load("m15", 64, 128, 1),
    Load("m135", 64, 128, 16),
    Load("m135", 64, 128, 1),
    Load("m135", 1_024, 128, 4),
)
QUICK_MINUTES = 9.0
"""After that nothing new begins."""
QUICK_ROUNDS = 2
QUICK_PATIENCE_S = 60.0
"""So that one slow engine cannot take all the time."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to measure; what is empty is everything."""

    is_quick: bool = False
    models: Sequence[str] = ()
    engines: Sequence[str] = ()
    """Beginnings of `engine precision`."""
    concurrency: Sequence[int] = ()
    prompt_tokens: Sequence[int] = ()
    rounds: int = 3
    minutes: float | None = None
    threads: int = 0
    spin_us: int | None = None


class NothingToMeasure(Exception):
    """No load or no engine is left of the wishes."""


def compare(wishes: Wishes, folder: Path) -> Outcome:
    """Measure, with a line that says what is going on.

    Raises:
        NothingToMeasure: the wishes leave nothing.
    """
    minutes = wishes.minutes or (QUICK_MINUTES if wishes.is_quick else None)
    ends_at = time.monotonic() + minutes * 60 if minutes else float("inf")
    began = time.monotonic()
    console = Console(stderr=True)
    with console.status("starting") as status:

        def tell(what: str) -> None:
            line = f"{time.monotonic() - began:.0f} s: {what}"
            if console.is_terminal:
                status.update(line)
            else:
                print(line, file=sys.stderr, flush=True)

        models = Models(folder, tell)
        plan = Plan(
            loads=loads_of(wishes),
            contenders=contenders_of(wishes),
            rounds=QUICK_ROUNDS if wishes.is_quick else wishes.rounds,
            threads=num_threads(wishes.threads),
            spin_us=wishes.spin_us,
            ends_at=ends_at,
            patience_s=QUICK_PATIENCE_S if wishes.is_quick else PATIENCE_S,
            model_of=models.path,
            prompts_of=models.prompts,
        )
        return measure(plan, tell)


def report(outcome: Outcome, wishes: Wishes, json_file: Path | None, picture: Path | None) -> None:
    """Print the table; write the rows, the picture, and beside it the table for people."""
    show(outcome, circumstances(outcome, wishes))
    if json_file:
        rows = [row.model_dump() for row in outcome.rows]
        json_file.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if picture and outcome.rows:
        draw(outcome.rows, picture)
        picture.with_suffix(".md").write_text(markdown(outcome.rows), encoding="utf-8")


def loads_of(wishes: Wishes) -> list[Load]:
    """Return the loads that are wished for.

    Raises:
        NothingToMeasure: there is none.
    """
    every = [
        Load(model, prompt, new, number)
        for model in ("m135", "m15")
        for prompt, new in LENGTHS
        for number in CONCURRENCY
    ]
    found = [
        load
        for load in (QUICK_LOADS if wishes.is_quick else every)
        if (not wishes.models or load.model in wishes.models)
        and (not wishes.concurrency or load.concurrency in wishes.concurrency)
        and (not wishes.prompt_tokens or load.prompt_tokens in wishes.prompt_tokens)
    ]
    if not found:
        raise NothingToMeasure("no load is left; see scripts/bench engine --help")
    return found


def contenders_of(wishes: Wishes) -> list[Contender]:
    """Return who takes part.

    Raises:
        NothingToMeasure: nobody does.
    """
    names = tuple(wishes.engines)
    found = [
        one
        for one in CONTENDERS
        if (one.name.startswith(names) if names else one.in_quick or not wishes.is_quick)
    ]
    if not found:
        known = ", ".join(one.name for one in CONTENDERS)
        raise NothingToMeasure(f"no engine is called that; there are: {known}")
    return found


def circumstances(outcome: Outcome, wishes: Wishes) -> str:
    """Say on what all this was measured."""
    speed = median(outcome.bandwidths) / 1e9 if outcome.bandwidths else 0.0
    load = os.getloadavg()[0]
    return (
        f"{_processor()}, {num_threads(wishes.threads)} threads each, {speed:.1f} GB/s read; "
        f"load average at the end {load:.1f}"
    )


def _processor() -> str:
    found = Path("/proc/cpuinfo")
    lines = found.read_text(encoding="utf-8").splitlines() if found.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
