"""Step 2, clean: mend texts, drop what is no use, drop duplicates, keep off the held-out rows.

python -m scripts.clean var/rows/toxicity.jsonl --out var/clean/toxicity.jsonl --held-out golden.jsonl

Beside the rows a report says how many were dropped and why (`<out>.report.json`).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from scripts.corpus.near import NearIndex, index_of, signatures
from scripts.corpus.row import Row, read_rows, write_rows
from scripts.corpus.text import latin_share, mended_row
from scripts.folders import replace_file


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a row must keep to."""

    fewest_chars: int = 3
    most_chars: int = 6_000
    least_latin: float = 0.7


def main(arguments: Sequence[str] | None = None) -> None:
    """Clean one file of rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--held-out", type=Path, nargs="*", default=[], help="rows that must stay unseen"
    )
    options = parser.parse_args(arguments)
    held_out = [row for path in options.held_out for row in read_rows(path)]
    kept, dropped = clean(read_rows(options.rows), held_out)
    report = {"kept": len(kept), "dropped": dict(sorted(dropped.items()))}
    write_rows(options.out, kept)
    report_path = options.out.with_suffix(".report.json")
    replace_file(report_path, json.dumps(report, indent=2).encode() + b"\n")
    Console().print(f"kept {len(kept)} rows; dropped {report['dropped']}")


def clean(
    rows: Iterable[Row], held_out: Sequence[Row] = (), bounds: Bounds | None = None
) -> tuple[list[Row], Counter[str]]:
    """Return the rows worth learning from and, by reason, how many were dropped.

    Of two rows that say the same, the first stays. Near duplicates with other labels stay both:
    twins that differ in a word and in meaning teach the most.
    """
    bounds = bounds or Bounds()
    dropped: Counter[str] = Counter()
    mended: list[Row] = []
    digests: dict[str, Row] = {}
    for row in rows:
        fixed = mended_row(row)
        reason = "span lost" if fixed is None else _out_of_bounds(fixed, bounds)
        if fixed is None or reason:
            dropped[reason] += 1
        elif fixed.digest in digests:
            dropped[_twin(fixed, digests[fixed.digest])] += 1
        else:
            digests[fixed.digest] = fixed
            mended.append(fixed)
    return _without_near(mended, held_out, dropped), dropped


def _out_of_bounds(row: Row, bounds: Bounds) -> str:
    shortest = min(len(row.text), len(row.pair if row.pair is not None else row.text))
    if shortest < bounds.fewest_chars:
        return "too short"
    if len(row.full_text) > bounds.most_chars:
        return "too long"
    if latin_share(row.full_text) < bounds.least_latin:
        return "another script"
    return ""


def _twin(row: Row, first: Row) -> str:
    same = (row.labels, row.spans) == (first.labels, first.spans)
    return "duplicate" if same else "duplicate with another label"


def _without_near(rows: list[Row], held_out: Sequence[Row], dropped: Counter[str]) -> list[Row]:
    unseen = index_of(held_out)
    unseen_digests = {row.digest for row in held_out}
    by_answer: dict[str, NearIndex] = {}
    kept: list[Row] = []
    marked = zip(rows, signatures(rows), strict=True)
    for row, signature in track(marked, "near duplicates", total=len(rows), transient=True):
        answer = json.dumps([row.labels, bool(row.spans)], sort_keys=True)
        index = by_answer.setdefault(answer, NearIndex())
        if row.digest in unseen_digests or unseen.knows(signature):
            dropped["near a held-out row"] += 1
        elif index.knows(signature):
            dropped["near duplicate"] += 1
        else:
            index.add(signature)
            kept.append(row)
    return kept


if __name__ == "__main__":
    main()
