"""The likeliest tokens of each row, in the order in which they are found in all logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.runtime import Selection

ABSURD = np.float32(1e30)
"""No model means such a logit; sums and quotients of what is smaller stay finite."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The largest logits of each row, [rows, number]: the largest first, of equals the first."""

    tokens: NDArray[np.int64]
    logits: NDArray[np.float32]
    """Zeros where only the largest was asked for: there is nothing to compare it with."""
    are_sound: NDArray[np.bool_]
    """Rows without NaN, Inf and absurd numbers, [rows]."""


def candidates(selection: Selection, num_rows: int, enough: int) -> Candidates | None:
    """Return at least as many candidates as are enough; None if they cannot be told for sure.

    Args:
        selection: over the logits.
        num_rows: of them, the first ones; the others are nobody's.
        enough: how many of each row.
    """
    if enough >= selection.width:
        return None
    if enough == 1:
        places, sums = selection.first()
        zeros = np.zeros((num_rows, 1), dtype=np.float32)
        return Candidates(places[:num_rows, None], zeros, sums[:num_rows] < ABSURD)
    tops, places, sums = selection.largest()
    logits, tokens, sums = tops[:num_rows], places[:num_rows], sums[:num_rows]
    are_sound = sums < ABSURD  # NaN is not
    most = logits.shape[1]
    is_all = most == selection.width
    # Equals of the smallest one may have been left out, and may stand before it.
    if not is_all and (enough >= most or not _end_before(logits[are_sound], enough)):
        return None
    order = np.lexsort((tokens, -logits), axis=1)
    return Candidates(
        np.take_along_axis(tokens, order, 1), np.take_along_axis(logits, order, 1), are_sound
    )


def _end_before(logits: NDArray[np.float32], enough: int) -> bool:
    return bool((logits[:, enough - 1] > logits[:, -1]).all())
