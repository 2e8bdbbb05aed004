"""Held-out rows of the public sets, as the filters with models meet them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from app.evaluation.labelled import Labelled
from scripts.corpus.row import Row, read_rows


def toxicity(most: int, staged: Path) -> Iterator[Labelled]:
    """Yield texts that half of the people or more call toxic, and those that nobody does."""
    for row in _spread(staged, most):
        seen = row.labels.get("toxicity")
        if seen is not None and (seen >= 0.5 or seen == 0):
            yield Labelled(text=row.text, bad=seen >= 0.5, group=row.source)


def grounding(most: int, staged: Path) -> Iterator[Labelled]:
    """Yield claims beside a passage that supports them or does not."""
    for row in _spread(staged, most):
        supported = row.labels.get("supported", 0.0)  # absent where it is known to be ruled out
        if row.pair and supported in (0.0, 1.0):
            yield Labelled(
                text=row.pair, bad=supported == 0.0, passages=(row.text,), group=row.source
            )


def relevance(most: int, staged: Path) -> Iterator[Labelled]:
    """Yield sentences that hold the answer, each beside its question and beside another one."""
    answered = [
        (row.source, row.text, text) for row in _spread(staged, most) if (text := _answer(row))
    ]
    for number, (source, question, text) in enumerate(answered):
        other = answered[number - len(answered) // 2][1]
        yield Labelled(text=text, bad=False, question=question, group=source)
        if other != question:
            yield Labelled(text=text, bad=True, question=other, group=source)


def _answer(row: Row) -> str:
    """Return the sentence around the first answer; nothing where there is none."""
    if not row.pair or not row.spans:
        return ""
    start, end = row.spans[0]
    return row.pair[
        row.pair.rfind(". ", 0, start) + 1 : (row.pair.find(". ", end) + 1) or None
    ].strip()


def _spread(staged: Path, most: int) -> list[Row]:
    """Return rows of the test part, as many of each set as there may be."""
    draw, by_source = random.Random(7), dict[str, list[Row]]()  # noqa: S311 (for a measurement)
    for row in read_rows(staged / "test.jsonl"):
        by_source.setdefault(row.source, []).append(row)
    return [
        row
        for _, rows in sorted(by_source.items())
        for row in draw.sample(rows, min(most, len(rows)))
    ]
