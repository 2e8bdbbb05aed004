"""Between stage and train: choose the word pieces that the small models share.

python -m scripts.vocabulary var/staged/* --docs docs README.md --size 14000 --out var/vocabulary.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from scripts.corpus import docstrings
from scripts.corpus.row import read_rows
from scripts.folders import replace_file
from scripts.training import base
from scripts.training.vocabulary import choose, count_tokens

SIZE = 14_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the kept pieces as a JSON list, in their new order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("staged", type=Path, nargs="+", help="staged folders")
    parser.add_argument("--docs", type=Path, nargs="*", default=[], help="Markdown, or folders")
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    tokenizer = base.tokenizer()
    counts = count_tokens(tokenizer, texts(options.staged, options.docs))
    kept = choose(tokenizer, counts, options.size)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(options.out, (json.dumps(kept, ensure_ascii=True) + "\n").encode())
    covered = sum(counts[token] for token in kept) / max(1, sum(counts.values()))
    Console().print(f"kept {len(kept)} pieces, {covered:.2%} of all that were counted")


def texts(staged: Sequence[Path], docs: Sequence[Path]) -> Iterator[str]:
    """Yield the training rows, the documentation and technical English."""
    for folder in staged:
        for row in read_rows(folder / "train.jsonl"):
            yield row.full_text
    for path in docs:
        for file in sorted(path.rglob("*.md")) if path.is_dir() else [path]:
            yield file.read_text(encoding="utf-8")
    for _, text in docstrings.paragraphs():
        yield text


if __name__ == "__main__":
    main()
