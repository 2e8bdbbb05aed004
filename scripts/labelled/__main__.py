"""Write labelled texts that `penstock filters eval` measures a filter with.

python -m scripts.labelled secrets --out var/labelled/secrets.jsonl
penstock filters eval var/labelled/secrets.jsonl --id secrets
python -m scripts.labelled toxicity --staged var/staged/toxicity --out var/labelled/toxicity.jsonl

Texts are made anew each time, the same ones on the same machine; none is kept in the repository.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from app.evaluation.labelled import Labelled
from scripts.labelled import code, language, pii, refusals, secrets, staged, urls

MADE: Mapping[str, Callable[[int], Iterator[Labelled]]] = {
    "code": code.rows,
    "language": language.rows,
    "pii": pii.rows,
    "secrets": secrets.rows,
    "url": urls.rows,
}
STAGED: Mapping[str, Callable[[int, Path], Iterator[Labelled]]] = {
    "toxicity": staged.toxicity,
    "grounding": staged.grounding,
    "relevance": staged.relevance,
    "refusal": refusals.rows,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the texts for one filter; returns how many."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("filter", choices=sorted([*MADE, *STAGED]))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=200, help="texts of each kind")
    parser.add_argument(
        "--staged", type=Path, help="rows of scripts.stage, for filters with models"
    )
    options = parser.parse_args(arguments)
    if options.filter in STAGED and not options.staged:
        parser.error(f"{options.filter} needs --staged")
    if options.filter in STAGED:
        rows = STAGED[options.filter](options.most, options.staged)
    else:
        rows = MADE[options.filter](options.most)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    lines = [row.model_dump_json(exclude_defaults=True, ensure_ascii=True) for row in rows]
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} texts written to {options.out}")
    return len(lines)


if __name__ == "__main__":
    main()
