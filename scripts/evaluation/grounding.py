"""Grounding: supported or not, and which of the three labels, set by set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.evaluation.curves import roc_auc
from scripts.corpus.row import Row
from scripts.evaluation.measures import (
    Scores,
    balanced_accuracy,
    expected_calibration_error,
    known,
    share,
)


def measure(rows: Sequence[Row], scores: Scores, labels: Sequence[str]) -> dict[str, float]:
    """Return the measures by name; scores have a row a pair and a column a label."""
    support = scores[:, labels.index("supported")]
    truths = np.array([row.labels.get("supported", 0.0) == 1.0 for row in rows], bool)
    measures = {
        "auc.supported": roc_auc(support, truths),
        "balanced_accuracy.supported": balanced_accuracy(support >= 0.5, truths),
    }
    measures["ece.supported"] = expected_calibration_error(support, truths)
    said = scores.argmax(axis=1)
    certain = [at for at, row in enumerate(rows) if 1.0 in row.labels.values()]
    measures["accuracy.three_way"] = share(
        [rows[at].labels.get(labels[int(said[at])]) == 1.0 for at in certain]
    )
    for source in sorted({row.source for row in rows}):
        some = np.array([row.source == source for row in rows], bool)
        measures[f"auc.supported[{source}]"] = roc_auc(support[some], truths[some])
        measures[f"balanced_accuracy.supported[{source}]"] = balanced_accuracy(
            support[some] >= 0.5, truths[some]
        )
    return known(measures)
