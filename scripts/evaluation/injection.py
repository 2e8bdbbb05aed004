"""Injection: ranking by set, and what the filter would do with harmless text.

Beside held-out rows this project's documentation is read, which is of no set: Markdown about
prompts, filters and attacks that nothing was learnt from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.evaluation.curves import roc_auc
from filters.injection import stretches
from scripts.corpus.row import Row
from scripts.corpus.sets.injection import HARMLESS
from scripts.evaluation.measures import Scores, known, share

FLAGGED, BLOCKED = 0.5, 0.9
ROOT = Path(__file__).parents[2]
OWN_DOCS = "own_docs"


def measure(rows: Sequence[Row], scores: Scores) -> dict[str, float]:
    """Return the measures by name: the area under the curve, what is found, false alarms."""
    found = scores[:, 0]
    truths = np.array([row.labels["injection"] >= 0.5 for row in rows], bool)
    measures = {"auc": roc_auc(found, truths)}
    for name, line in (("flagged", FLAGGED), ("blocked", BLOCKED)):
        measures[f"{name}.found"] = share(found[truths] >= line)
        measures[f"{name}.false_alarms"] = share(found[~truths] >= line)
    kinds = np.array([row.source for row in rows])
    for kind in sorted(set(kinds.tolist())):
        for truth, word in ((True, "found"), (False, "false_alarms")):
            some = found[(kinds == kind) & (truths == truth)]
            measures[f"flagged.{word}[{kind}]"] = share(some >= FLAGGED)
            measures[f"blocked.{word}[{kind}]"] = share(some >= BLOCKED)
    return known(measures)


def documentation() -> list[Row]:
    """Return our own documentation, paragraph by paragraph in stretches as the filter reads them."""
    return [
        Row(source=OWN_DOCS, group=str(path), text=text[slice(*span)], labels=dict(HARMLESS))
        for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
        for text in re.split(r"\n\s*\n", path.read_text(encoding="utf-8"))
        for span in stretches(text)
    ]
