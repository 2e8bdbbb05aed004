"""All figures of one filter on a set of labelled texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from app.evaluation.curves import (
    Bin,
    Curves,
    Scores,
    Truths,
    average_precision,
    calibration_error,
    curves,
    reliability,
    roc_auc,
    share_interval,
    threshold_for,
)


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
class AtThreshold:
    """What one threshold means on these texts."""

    threshold: float
    caught: int
    bad: int
    alarms: int
    harmless: int

    @property
    def recall(self) -> float:
        """Share of the bad texts that are caught; NaN without any."""
        return self.caught / self.bad if self.bad else math.nan

    @property
    def alarm_rate(self) -> float:
        """Share of the harmless texts that are hit; NaN without any."""
        return self.alarms / self.harmless if self.harmless else math.nan

    @property
    def precision(self) -> float:
        """Share of the bad texts among all that are hit; NaN if none are."""
        hit = self.caught + self.alarms
        return self.caught / hit if hit else math.nan

    @property
    def figures(self) -> dict[str, Any]:
        """All of it as plain values, with Wilson's intervals."""
        return asdict(self) | {
            "recall": self.recall,
            "recall_interval": share_interval(self.caught, self.bad),
            "false_alarm_rate": self.alarm_rate,
            "false_alarm_interval": share_interval(self.alarms, self.harmless),
            "precision": self.precision,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """The texts of one group."""

    name: str
    auc: float
    at: AtThreshold


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good an instance is on these texts."""

    id: str
    filter: str
    version: str
    stage: str
    texts: int
    errors: dict[str, int]
    """Texts without a score, by reason; all figures leave them out."""
    auc: float
    average_precision: float
    curves: Curves
    now: AtThreshold
    """At the threshold in force."""
    target_rate: float
    target: AtThreshold | None
    """At the threshold that keeps the false alarms within the target; None: no threshold does."""
    bins: list[Bin]
    calibration_error: float
    brier: float
    """Mean squared distance of score and truth."""
    groups: list[Group]
    p50_ms: float
    p99_ms: float

    @property
    def smallest_rate(self) -> float:
        """The smallest false-alarm rate above 0 that so few harmless texts can show."""
        return 1 / self.now.harmless if self.now.harmless else math.inf


def evaluate(
    scored: Sequence[Scored], *, threshold: float, target_rate: float, **who: str
) -> Evaluation:
    """Work out all figures; what cannot be known for lack of texts is NaN.

    Args:
        scored: the texts, judged; at least one with a score.
        threshold: the one in force.
        target_rate: the share of harmless texts that may be hit.
        who: id, filter, version and stage of the instance.
    """
    known = [one for one in scored if one.error is None]
    scores = np.array([one.score for one in known], np.float64)
    truths = np.array([one.bad for one in known], bool)
    found, bins = curves(scores, truths), reliability(scores, truths)
    target = threshold_for(found, target_rate) if truths.size and not truths.all() else None
    took = [one.took_ms for one in known]
    return Evaluation(
        **who,
        texts=len(scored),
        errors=_errors(scored),
        auc=roc_auc(scores, truths),
        average_precision=average_precision(found),
        curves=found,
        now=_at(threshold, scores, truths),
        target_rate=target_rate,
        target=None if target is None else _at(target, scores, truths),
        bins=bins,
        calibration_error=calibration_error(bins),
        brier=float(np.mean((scores - truths) ** 2)),
        groups=_groups(known, scores, truths, threshold),
        p50_ms=float(np.percentile(took, 50)),
        p99_ms=float(np.percentile(took, 99)),
    )


def _at(threshold: float, scores: Scores, truths: Truths) -> AtThreshold:
    hit = (scores >= threshold) & (scores > 0)  # as the chain decides
    caught, alarms = int((hit & truths).sum()), int((hit & ~truths).sum())
    return AtThreshold(threshold, caught, int(truths.sum()), alarms, int((~truths).sum()))


def _groups(
    known: Sequence[Scored], scores: Scores, truths: Truths, threshold: float
) -> list[Group]:
    names = np.array([one.group for one in known])
    groups = []
    for name in sorted(set(names.tolist()) - {""}):
        inside = names == name
        at = _at(threshold, scores[inside], truths[inside])
        groups.append(Group(name, roc_auc(scores[inside], truths[inside]), at))
    return groups


def _errors(scored: Sequence[Scored]) -> dict[str, int]:
    reasons = [one.error for one in scored if one.error]
    return {reason: reasons.count(reason) for reason in sorted(set(reasons))}
