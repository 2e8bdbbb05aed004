"""Scores of labelled texts, in columns: a million of them are some tens of megabytes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
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

    @property
    def known(self) -> Truths:
        """Which texts have a score."""
        return ~np.isnan(self.scores)

    def hits(self, threshold: float) -> Truths:
        """Return which texts a threshold hits, as the chain decides: a score of 0 never does."""
        return (self.scores >= threshold) & (self.scores > 0)


class Sheet:
    """Columns for so many texts, which are filled in any order."""

    def __init__(self, count: int) -> None:
        self._scores = np.full(count, math.nan)
        self._took_ms = np.zeros(count)
        self._truths = np.zeros(count, bool)
        self._groups = np.full(count, -1, np.int16)
        self._codes: dict[str, int] = {}
        self._errors: Counter[str] = Counter()

    def put(self, place: int, one: Scored) -> None:
        """Write the line of one text."""
        self._truths[place], self._took_ms[place] = one.bad, one.took_ms
        if one.group:
            self._groups[place] = self._codes.setdefault(one.group, len(self._codes))
        if one.error:
            self._errors[one.error] += 1
        else:
            self._scores[place] = one.score

    def judged(self, at_once: int = 1, wall_s: float = math.nan) -> Judged:
        """Return the columns, when all lines are written."""
        names = tuple(sorted(self._codes))
        places = np.array([*(names.index(name) for name in self._codes), -1], np.int16)
        return Judged(
            self._scores,
            self._truths,
            self._took_ms,
            places[self._groups],
            names,
            dict(sorted(self._errors.items())),
            at_once,
            wall_s,
        )
