"""Step 1, review: look at the rows before anything is learnt from them.

python -m scripts.review var/rows/toxicity.jsonl --out var/review/toxicity

Prints how many rows each set has, how the labels lie, how long the texts are, and samples;
draws label balance and lengths as PNG and SVG.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from scripts.corpus.row import Row, read_rows

SAMPLES = 3
SHOWN_CHARS = 110
QUANTILES = (0.05, 0.5, 0.95, 1.0)
BINS = 50


def main(arguments: Sequence[str] | None = None) -> None:
    """Print and draw one file of rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path)
    parser.add_argument("--out", type=Path, help="folder of the drawings")
    parser.add_argument("--seed", type=int, default=1, help="of the samples")
    options = parser.parse_args(arguments)
    rows = list(read_rows(options.rows))
    console = Console()
    console.print(_overview(rows))
    console.print(_balance(rows))
    for row in random.Random(options.seed).sample(rows, min(len(rows), SAMPLES * 4)):  # noqa: S311
        console.print(_line(row), markup=False, highlight=False)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        draw(rows, options.out)
        console.print(f"drew {options.out}/rows.png and rows.svg")


def labels_of(row: Row) -> list[str]:
    """Return what a row says, in words."""
    if row.labels:
        certain = [label for label, value in row.labels.items() if value >= 0.5]
        return certain or [f"not {label}" for label in row.labels][:1]
    return ["answer" if row.spans else "no answer"]


def draw(rows: Sequence[Row], folder: Path) -> None:
    """Draw label balance and lengths as `rows.png` and `rows.svg`."""
    matplotlib.rcParams["svg.hashsalt"] = "penstock"  # the same rows are the same file
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    counts = Counter(label for row in rows for label in labels_of(row)).most_common()
    left.barh([name for name, _ in counts][::-1], [n for _, n in counts][::-1], color="#1f5673")
    left.set(title="labels", xlabel="rows")
    lengths = np.clip([len(row.full_text) for row in rows], 0, 3_000)
    right.hist(lengths, bins=BINS, color="#b5542b")
    right.set(title="length", xlabel="characters (3,000 and more together)", ylabel="rows")
    figure.savefig(folder / "rows.png", dpi=120)
    figure.savefig(folder / "rows.svg", metadata={"Date": None})


def _overview(rows: Sequence[Row]) -> Table:
    table = Table("set", "licence", "rows", "groups", "characters: 5 %, half, 95 %, longest")
    by_set: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        by_set[row.source, row.licence].append(row)
    for (source, licence), some in by_set.items():
        lengths = np.quantile([len(row.full_text) for row in some], QUANTILES)
        groups = len({row.group for row in some})
        table.add_row(
            source, licence, str(len(some)), str(groups), ", ".join(f"{n:.0f}" for n in lengths)
        )
    return table


def _balance(rows: Sequence[Row]) -> Table:
    sources = list(dict.fromkeys(row.source for row in rows))
    counts = Counter((label, row.source) for row in rows for label in labels_of(row))
    table = Table("label", *sources)
    for label in sorted({label for label, _ in counts}):
        table.add_row(label, *(str(counts[label, source]) for source in sources))
    return table


def _line(row: Row) -> str:
    said = " | ".join(text.replace("\n", " ")[:SHOWN_CHARS] for text in (row.text, row.pair or ""))
    return f"[{row.source}: {', '.join(labels_of(row))}] {said}"


if __name__ == "__main__":
    main()
