"""Injection: ranking by set, and what the filter would do with harmless text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.evaluation.curves import roc_auc
from scripts.corpus.row import Row
from scripts.evaluation.measures import Scores, known, share

FLAGGED, BLOCKED = 0.5, 0.9


def measure(rows: Sequence[Row], scores: Scores) -> dict[str, float]:
    """Return the measures by name: the area under the curve, what is found, false alarms."""
    found = scores[:, 0]
    truths = np.array([row.labels["injection"] >= 0.5 for row in rows], bool)
    measures = {"auc": roc_auc(found, truths)}
    for name, line in (("flagged", FLAGGED), ("blocked", BLOCKED)):
        measures[f"{name}.found"] = share(found[truths] >= line)
        measures[f"{name}.false_alarms"] = share(found[~truths] >= line)
    kinds = np.array([_kind(row) for row in rows])
    for kind in sorted(set(kinds.tolist())):
        for truth, word in ((True, "found"), (False, "false_alarms")):
            some = found[(kinds == kind) & (truths == truth)]
            measures[f"flagged.{word}[{kind}]"] = share(some >= FLAGGED)
            measures[f"blocked.{word}[{kind}]"] = share(some >= BLOCKED)
    return known(measures)


def _kind(row: Row) -> str:
    """Return the set of a row, or for one that was made here the kind."""
    return row.group.rsplit("-", 1)[0] if row.group.startswith("made-") else row.source
