"""Rows of judged texts, written out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.evaluation.judged import Judged, Scored, Sheet


def judged_rows(rows: Sequence[Scored], at_once: int = 1, wall_s: float = math.nan) -> Judged:
    """Return rows as columns."""
    sheet = Sheet(len(rows))
    for place, row in enumerate(rows):
        sheet.put(place, row)
    return sheet.judged(at_once, wall_s)
