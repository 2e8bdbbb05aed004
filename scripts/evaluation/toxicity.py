"""Toxicity: ranking by label and set, and what the chain would do with harmless text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.evaluation.curves import roc_auc
from scripts.corpus.row import Row
from scripts.evaluation.measures import Scores, Truths, expected_calibration_error, known, share

FLAGGED, BLOCKED = 0.5, 0.8
"""The default chain blocks answers at the second."""
MILD = "obscene"
"""A swear word of joy is obscene and no attack, so this label does not count as one."""
HARMLESS = (
    "about",
    "self",
    "topic",
    "denied",
    "harmless-threat",
    "profane",
    "machine",
    "technical",
)
HOSTILE = ("attack", "insult", "threat", "severe", "disguised")


def measure(rows: Sequence[Row], scores: Scores, labels: Sequence[str]) -> dict[str, float]:
    """Return the measures by name; scores have a row a text and a column a label."""
    measures = {f"auc.{label}": _auc(rows, scores[:, at], label) for at, label in enumerate(labels)}
    toxic = scores[:, labels.index("toxicity")]
    measures["ece.toxicity"] = expected_calibration_error(*_asked(rows, toxic, "toxicity"))
    for source in sorted({row.source for row in rows}):
        some = [at for at, row in enumerate(rows) if row.source == source]
        measures[f"auc.toxicity[{source}]"] = _auc(
            [rows[at] for at in some], toxic[some], "toxicity"
        )
    counted = [at for at, label in enumerate(labels) if label != MILD]
    for kind in (*HARMLESS, *HOSTILE):
        some = [at for at, row in enumerate(rows) if row.group.startswith(f"made-{kind}-")]
        worst = scores[some][:, counted].max(axis=1, initial=0.0)
        measures[f"flagged[{kind}]"] = share(worst >= FLAGGED)
        measures[f"blocked[{kind}]"] = share(worst >= BLOCKED)
    return known(measures)


def _auc(rows: Sequence[Row], scores: Scores, label: str) -> float:
    return roc_auc(*_asked(rows, scores, label))


def _asked(rows: Sequence[Row], scores: Scores, label: str) -> tuple[Scores, Truths]:
    """Return the scores and truths of the rows that people were asked about."""
    asked = np.array([label in row.labels for row in rows], bool)
    truths = np.array([row.labels.get(label, 0.0) >= 0.5 for row in rows], bool)
    return scores[asked], truths[asked]
