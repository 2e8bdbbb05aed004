"""`penstock filters bench`: how long a filter takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import frame
from app.cli.filters.choosing import Id, OfStage, Option, chosen_entry
from app.cli.filters.group import AsJson, app

if TYPE_CHECKING:
    from app.chain.chain import Chain
    from app.chain.instance import Instance

LENGTHS = (100, 1_000, 10_000)
FEWEST_RUNS = 5
MOST_RUNS = 10_000

_PROSE = (
    "The gate lets just the right water reach the turbine, and not a drop more of it. "
    "In spring, when the snow melts, the keeper reads the level twice a day; he writes it down. "
    "What did the first engineers know about pressure? Enough to build pipes that still hold! "
    "A visitor asked how long a blade lasts: about thirty years, said the woman with the lamp. "
)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long texts of one length took."""

    chars: int
    runs: int
    p50_ms: float
    p99_ms: float
    chars_per_s: float
    errors: int
    """Runs in which the filter broke or was too slow for its deadline."""


@app.command("bench")
def bench_filter(
    name: Id,
    chars: Annotated[
        list[int] | None,
        typer.Option(min=1, max=1_000_000, help="Length of a text. May be given again."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600, help="How long to measure each length.")
    ] = 1.0,
    option: Option = None,
    stage: OfStage = None,
    as_json: AsJson = False,
) -> None:
    """Time a filter on English texts of several lengths, one after the other.

    Each time is that of a whole text, cut into the filter's units and judged as in a server.
    """
    from app.cli.filters import opening

    settings = frame.settings()
    entry = chosen_entry(settings, name, option, stage)

    async def work(chain: Chain) -> list[Timing]:
        (instance,) = chain.instances
        return [await time_filter(instance, n, seconds) for n in chars or LENGTHS]

    timings = opening.run([entry], work)
    if as_json:
        frame.show_json(
            {"id": entry.id, "filter": entry.filter, "timings": [*map(asdict, timings)]}
        )
        return
    rows = (
        (
            f"{t.chars:,}",
            t.runs,
            f"{t.p50_ms:.3f}",
            f"{t.p99_ms:.3f}",
            f"{t.chars_per_s:,.0f}",
            t.errors,
        )
        for t in timings
    )
    frame.show_table(("characters", "runs", "p50 ms", "p99 ms", "characters/s", "errors"), rows, "")


async def time_filter(instance: Instance, chars: int, seconds: float) -> Timing:
    """Judge one text again and again for some seconds, at least `FEWEST_RUNS` times."""
    import numpy as np

    from app.trial import Tried, measure

    text = (_PROSE * (chars // len(_PROSE) + 1))[:chars]
    tried = Tried(instance.stage, text, question="How does the gate work?")
    await measure(instance, tried)  # the first run pays for what is made once
    took_s: list[float] = []
    errors, end = 0, perf_counter() + seconds
    while len(took_s) < FEWEST_RUNS or (perf_counter() < end and len(took_s) < MOST_RUNS):
        started = perf_counter()
        verdict = await measure(instance, tried)
        took_s.append(perf_counter() - started)
        errors += bool(verdict and verdict.error)
    p50, p99 = np.percentile(took_s, [50, 99])
    rate = chars * len(took_s) / sum(took_s)
    return Timing(chars, len(took_s), float(p50) * 1e3, float(p99) * 1e3, rate, errors)
