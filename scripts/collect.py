"""Step 1, import: read public sets and reviewed exchanges into one file of rows.

python -m scripts.collect toxicity --data DIR --exchanges reviewed.jsonl --out var/rows/toxicity.jsonl

Without --data only the rows that are made here are written. Reviewed exchanges are rows already:
JSONL, one object a line, with `group` (the conversation), `text`, `labels` and so on.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from scripts.corpus.row import Row, read_rows, write_rows
from scripts.corpus.sets import RowSet
from scripts.corpus.tasks import SETS

SEED = 1
REVIEWED = "reviewed"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the rows of one task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=sorted(SETS))
    parser.add_argument("--data", type=Path, help="folder of the public sets")
    parser.add_argument("--exchanges", type=Path, help="reviewed exchanges, as rows")
    parser.add_argument("--only", nargs="*", help="names of the sets to read; default: all")
    parser.add_argument("--most", type=int, help="rows of each set at most: for a quick trial")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    console = Console()
    rows: list[Row] = []
    for name, found in SETS[options.task].items():
        if options.only and name not in options.only:
            continue
        if found.folder and options.data is None:
            continue
        taken = list(of_set(name, found, options.data, options.most))
        console.print(f"{name}: {len(taken)} rows, {found.licence}")
        rows += taken
    if options.exchanges:
        rows += of_exchanges(options.exchanges)
    console.print(f"wrote {write_rows(options.out, rows)} rows to {options.out}")


def of_set(name: str, found: RowSet, data: Path | None, most: int | None = None) -> Iterator[Row]:
    """Read one set, marked with its name and licence; more than its share is left out evenly."""
    rows = list(found.read(data / found.folder if data and found.folder else Path()))
    share = min(most or len(rows), found.most or len(rows))
    if len(rows) > share:
        kept = random.Random(SEED).sample(range(len(rows)), share)  # noqa: S311  no secret
        rows = [rows[at] for at in sorted(kept)]
    for row in rows:
        yield row.model_copy(update={"source": name, "licence": found.licence})


def of_exchanges(path: Path) -> Iterator[Row]:
    """Read reviewed exchanges; they are the operator's own."""
    for row in read_rows(path):
        yield row.model_copy(update={"source": REVIEWED, "licence": row.licence or "own"})


if __name__ == "__main__":
    main()
