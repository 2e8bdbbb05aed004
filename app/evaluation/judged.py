"""Scores of labelled texts, in columns: a million of them are some tens of megabytes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation.curves import Scores, Truths


@dataclass(frozen=True, slots=True)
class Scored:
    """One labelled text, judged."""

    bad: bool
    group: str
    score: float
    took_ms: float
    error: str | None = None
    """Why there is no score: `raised`, `timeout`, `invalid`, `overloaded`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """All texts in the order of the file, as one instance judged them."""

    scores: Scores
    """NaN where there is none."""
    truths: Truths
    took_ms: Scores
    groups: NDArray[np.int16]
    """Indices into the names; -1 is no group."""
    names: tuple[str, ...]
    """Of the groups, sorted."""
    errors: Mapping[str, int]
    """Texts without a score, by reason."""
    at_once: int = 1
    """How many texts were in measurement at the same time."""
    wall_s: float = math.nan
    """How long all of it took."""

    @classmethod
    def of(cls, scored: Sequence[Scored], at_once: int = 1, wall_s: float = math.nan) -> Judged:
        """Make columns of rows."""
        names = sorted({one.group for one in scored} - {""})
        places = {name: place for place, name in enumerate(names)}
        reasons = Counter(one.error for one in scored if one.error)
        return cls(
            np.array([math.nan if one.error else one.score for one in scored], np.float64),
            np.array([one.bad for one in scored], bool),
            np.array([one.took_ms for one in scored], np.float64),
            np.array([places.get(one.group, -1) for one in scored], np.int16),
            tuple(names),
            dict(sorted(reasons.items())),
            at_once,
            wall_s,
        )

    @property
    def known(self) -> Truths:
        """Which texts have a score."""
        return ~np.isnan(self.scores)

    def hits(self, threshold: float) -> Truths:
        """Return which texts a threshold hits, as the chain decides: a score of 0 never does."""
        return (self.scores >= threshold) & (self.scores > 0)
