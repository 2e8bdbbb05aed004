"""Measure a bundle on held-out rows, slice by slice, as it is served.

python -m scripts.evaluate toxicity --staged var/staged/toxicity-0123456789ab --out measures.json

Export does the same and writes the numbers into manifest and card; here any bundle meets any rows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.bundles import load_bundle
from app.bundles.manifest import QuestionAnswering
from scripts.corpus.row import read_rows
from scripts.evaluation.heldout import measure


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Print the measures and return them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", help="name or name@version")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--staged", type=Path, required=True)
    parser.add_argument("--part", choices=("valid", "test"), default="test")
    parser.add_argument("--encoder", default="encoder")
    parser.add_argument("--out", type=Path, help="also write them as JSON")
    options = parser.parse_args(arguments)
    bundle = load_bundle(options.models, options.bundle)
    answers = isinstance(bundle.manifest.model, QuestionAnswering)
    encoder = load_bundle(options.models, options.encoder) if answers else None
    rows = list(read_rows(options.staged / f"{options.part}.jsonl"))
    measures = measure(bundle, rows, encoder)
    table = Table("measure", "value", title=f"{bundle.reference} on {len(rows)} rows")
    for name, value in measures.items():
        table.add_row(name, f"{value:.4f}")
    Console().print(table)
    if options.out:
        options.out.write_text(json.dumps(measures, indent=2) + "\n", encoding="utf-8")
    return measures


if __name__ == "__main__":
    main()
