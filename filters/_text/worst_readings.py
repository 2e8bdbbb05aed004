"""Score stretches of a text that are read in several ways, each by the worst of its readings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filters import Classifier

AT_ONCE = 16
"""Texts given to a model in one call, so that a long text leaves room in its queue."""


async def worst_scores(
    classifier: Classifier, readings: Sequence[Sequence[str]]
) -> NDArray[np.float32]:
    """Return a row for each stretch and a column for each label; 0 where a stretch has no reading."""
    texts = [(number, text) for number, some in enumerate(readings) for text in some]
    worst = np.zeros((len(readings), len(classifier.labels)), dtype=np.float32)
    for at in range(0, len(texts), AT_ONCE):
        some = texts[at : at + AT_ONCE]
        scores = await classifier.scores([text for _, text in some])
        np.maximum.at(worst, [number for number, _ in some], scores)
    return worst
