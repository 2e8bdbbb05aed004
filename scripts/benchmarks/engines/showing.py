"""Medians and ranges for people: a table, and a picture of tokens per second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from scripts.benchmarks.engines.contenders import OWN
from scripts.benchmarks.engines.measuring import Outcome, Row

K = TypeVar("K")
LoadKey = tuple[str, int, int, int]
WIDTH = 120
"""Of the table at least, in characters: wrapped numbers cannot be read."""
COLOURS = {
    OWN: "#b5542b",
    "transformers generate": "#8a8f94",
    "transformers batching": "#4d5358",
    "onnxruntime-genai Generator": "#1f5673",
    "onnxruntime-genai Engine": "#6fa8c7",
    "llama.cpp": "#5b8c3e",
}
LINES = {32: "-", 16: "-.", 8: "--", 4: ":"}


def show(outcome: Outcome, circumstances: str) -> None:
    """Print a table for each load: the fastest first, medians with their ranges."""
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(circumstances)
    for load, rows in sorted(_by(outcome.rows, _load_of).items()):
        model, prompt, new, concurrency = load
        console.print(_table(f"{model}: {prompt:,} + {new} tokens, {concurrency} at once", rows))
    for name, reason in outcome.absent.items():
        console.print(f"not measured: {name}: {reason}", highlight=False)
    if not outcome.is_complete:
        console.print("The time was up before all rounds were done; what is shown was measured.")


def draw(rows: Sequence[Row], file: Path) -> None:
    """Write an SVG: tokens per second by concurrency, one frame for each model and length."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = "penstock"  # the same figures are the same file
    frames = _by(rows, lambda row: (row.model, row.prompt_tokens, row.new_tokens))
    figure = Figure(figsize=(7 * len(frames), 5), layout="constrained")
    axes = figure.subplots(1, len(frames), squeeze=False)[0]
    for frame, (title, some) in zip(axes, sorted(frames.items()), strict=True):
        for (engine, precision, bits), curve in _by(some, _engine_of).items():
            points = sorted(_by(curve, lambda row: row.concurrency).items())
            frame.plot(
                [concurrency for concurrency, _ in points],
                [median(row.tokens_per_s for row in found) for _, found in points],
                LINES[bits],
                marker="o",
                markersize=3,
                color=COLOURS[engine],
                label=f"{engine} {precision}",
            )
        frame.set(title=f"{title[0]}: {title[1]:,} + {title[2]} tokens", ylim=(0, None))
        frame.set_xlabel("requests at once")
        frame.set_ylabel("tokens per second")
        frame.set_xscale("log", base=2)
        frame.grid(visible=True, color="#eeeeee")
        frame.legend(frameon=False, fontsize="x-small")
    figure.savefig(file, metadata={"Date": None})


def markdown(rows: Sequence[Row]) -> str:
    """Return all medians with their ranges as a table for the documentation."""
    lines = [
        "| model, tokens, at once | engine | tokens/s | first token ms | between ms p50 / p99 "
        "| RSS MB | of the limit |",
        "|---|---|---|---|---|---|---|",
    ]
    for load, some in sorted(_by(rows, _load_of).items()):
        model, prompt, new, concurrency = load
        for (engine, precision, _), found in _fastest_first(some):
            cells = _cells(found)
            where = f"{model}, {prompt:,} + {new}, {concurrency}"
            between = f"{cells[2]} / {cells[3]}"
            lines.append(
                f"| {where} | {engine} {precision} | {cells[0]} | {cells[1]} | {between} "
                f"| {cells[4]} | {cells[5]} |"
            )
    return "\n".join(lines) + "\n"


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("engine", no_wrap=True)
    for name in ("tokens/s", "first ms", "p50 ms", "p99 ms", "RSS MB", "limit"):
        table.add_column(name, justify="right")
    for (engine, precision, _), found in _fastest_first(rows):
        style = "bold" if engine == OWN else ""
        table.add_row(f"{engine} {precision}", *_cells(found), style=style)
    return table


def _fastest_first(rows: Sequence[Row]) -> list[tuple[tuple[str, str, int], list[Row]]]:
    found = _by(rows, _engine_of).items()
    return sorted(found, key=lambda one: -median(row.tokens_per_s for row in one[1]))


def _cells(rows: Sequence[Row]) -> list[str]:
    return [
        _spread([row.tokens_per_s for row in rows], "{:,.0f}"),
        _spread([row.ttft_ms for row in rows], "{:,.0f}"),
        _spread([row.itl_p50_ms for row in rows], "{:,.1f}"),
        _spread([row.itl_p99_ms for row in rows], "{:,.1f}"),
        _spread([row.peak_rss_mb for row in rows], "{:,.0f}"),
        _spread([row.limit_share for row in rows], "{:.0%}"),
    ]


def _spread(values: Sequence[float], form: str) -> str:
    """Return the median, and the range if there is one."""
    middle, low, high = (form.format(value) for value in (median(values), min(values), max(values)))
    return middle if low == high else f"{middle} ({low}…{high})"


def _load_of(row: Row) -> LoadKey:
    return row.model, row.prompt_tokens, row.new_tokens, row.concurrency


def _engine_of(row: Row) -> tuple[str, str, int]:
    return row.engine, row.precision, row.weight_bits


def _by(values: Iterable[Row], key: Callable[[Row], K]) -> dict[K, list[Row]]:
    found: defaultdict[K, list[Row]] = defaultdict(list)
    for value in values:
        found[key(value)].append(value)
    return dict(found)
