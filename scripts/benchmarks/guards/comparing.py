"""`scripts/bench chain`: which cases are measured, in turns, and what becomes of the figures."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from scripts.benchmarks.asked_process import Absent
from scripts.benchmarks.guards.process import SYSTEMS, Judged, Process, System
from scripts.benchmarks.guards.rules import write_rules

CASES = ("rules", "six", "stream", "classifier")
WIDTH = 100
"""Of the table at least, in characters: wrapped numbers cannot be read."""
QUICK_SECONDS, QUICK_ROUNDS = 1.5, 2
SECONDS, ROUNDS = 5.0, 5


@dataclass(frozen=True, slots=True)
class Load:
    """A case, and how many clients ask at once."""

    case: str
    clients: int


LOADS = tuple(Load(case, clients) for case in CASES for clients in (1, 16))


class Row(BaseModel):
    """One guard on one case, medians over the rounds."""

    system: str
    case: str
    clients: int
    rps: float
    p50_ms: float
    p99_ms: float
    chars_scanned_ratio: float
    """Characters given to the rules or the model, over those of the text; for each filter."""
    ready_s: float
    """From the start of its process until it could judge."""
    install_mb: float


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    rows: list[Row] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    """Why a guard, or a case of one, is missing."""


def compare(
    models_dir: Path,
    *,
    cases: Sequence[str] = CASES,
    is_quick: bool = False,
    tell: Callable[[str], None] = print,
) -> Outcome:
    """Measure all guards on the cases in turns, so that a busy minute of the machine hits all.

    Raises:
        BundleError: the bundle `toxicity@1` is not there or is damaged.
    """
    rounds = QUICK_ROUNDS if is_quick else ROUNDS
    seconds = QUICK_SECONDS if is_quick else SECONDS
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder, ExitStack() as stack:
        rules = write_rules(Path(folder), models_dir)
        opened = [stack.enter_context(one) for one in _open(SYSTEMS, rules, outcome, tell)]
        for load in (load for load in LOADS if load.case in cases):
            tell(f"{load.case}, {load.clients} at once")
            outcome.rows += _in_turns(opened, load, rounds, seconds, outcome)
    return outcome


def report(outcome: Outcome, json_file: Path | None) -> None:
    """Print a table for each case; write the rows."""
    console = Console()
    console.width = max(console.width, WIDTH)
    for case in CASES:
        rows = [row for row in outcome.rows if row.case == case]
        if rows:
            console.print(_table(case, rows))
    for name, reason in outcome.absent.items():
        console.print(f"not measured: {name}: {reason}", highlight=False)
    if json_file:
        rows_written = [row.model_dump() for row in outcome.rows]
        json_file.write_text(json.dumps(rows_written, indent=1) + "\n", encoding="utf-8")


def row_of(process: Process, load: Load, rounds: Sequence[Judged]) -> Row:
    """Return the medians over the rounds."""
    return Row(
        system=process.system.name,
        case=load.case,
        clients=load.clients,
        rps=round(median(len(one.times) / one.took_s for one in rounds), 2),
        p50_ms=round(median(percentile_ms(one.times, 50) for one in rounds), 3),
        p99_ms=round(median(percentile_ms(one.times, 99) for one in rounds), 3),
        chars_scanned_ratio=round(rounds[0].ratio, 3),
        ready_s=round(process.ready_s, 2),
        install_mb=round(process.system.install_mb()),
    )


def percentile_ms(times: list[float], percent: int) -> float:
    """Return a percentile of seconds, in milliseconds."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1_000


def _open(
    systems: Iterable[System], rules: Path, outcome: Outcome, tell: Callable[[str], None]
) -> Iterable[Process]:
    for system in systems:
        tell(f"starting {system.name}")
        try:
            yield Process(system, rules)
        except Absent as error:
            outcome.absent[system.name] = str(error)


def _in_turns(
    opened: list[Process], load: Load, rounds: int, seconds: float, outcome: Outcome
) -> list[Row]:
    found: dict[Process, list[Judged]] = {one: [] for one in opened if load.case in one.cases}
    for _ in range(rounds):
        for process, judged in list(found.items()):
            try:
                judged.append(process.judge(load.case, load.clients, seconds))
            except Absent as error:
                outcome.absent[f"{process.system.name}: {load.case}"] = str(error)
                del found[process]
    return [row_of(process, load, judged) for process, judged in found.items()]


def _table(case: str, rows: list[Row]) -> Table:
    table = Table(title=case, title_justify="left")
    table.add_column("guard", no_wrap=True)
    names = ("clients", "texts/s", "p50 ms", "p99 ms", "read times", "ready s", "MB")
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row.system,
            str(row.clients),
            f"{row.rps:,.1f}",
            f"{row.p50_ms:,.2f}",
            f"{row.p99_ms:,.2f}",
            f"{row.chars_scanned_ratio:.2f}",
            f"{row.ready_s:.1f}",
            f"{row.install_mb:,.0f}",
        )
    return table
