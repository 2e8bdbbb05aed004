"""All figures of one filter on a set of labelled texts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.evaluation.calibration import Calibrated, calibrate
from app.evaluation.counts import AtThreshold, by_group
from app.evaluation.curves import (
    Bin,
    Curves,
    average_precision,
    calibration_error,
    curves,
    reliability,
    roc_auc,
    threshold_for,
)
from app.evaluation.judged import Judged
from app.settings import ChainEntry


@dataclass(frozen=True, slots=True)
class Group:
    """The texts of one group."""

    name: str
    auc: float
    at: AtThreshold


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good an instance is on these texts."""

    entry: ChainEntry
    version: str
    judged: Judged
    """What it gave each text; the figures leave out what has no score."""
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
    calibrated: Calibrated | None
    """How its scores become probabilities; None if that is not known, or no better."""
    brier: float
    """Mean squared distance of score and truth."""
    groups: list[Group]
    p50_ms: float
    p99_ms: float

    @property
    def id(self) -> str:
        """The instance's."""
        return self.entry.id

    @property
    def smallest_rate(self) -> float:
        """The smallest false-alarm rate above 0 that so few harmless texts can show."""
        return 1 / self.now.harmless if self.now.harmless else math.inf

    @property
    def says_nothing(self) -> bool:
        """Whether no text scored anything, as where a filter lacks passages or a question."""
        return not np.nan_to_num(self.judged.scores).any()

    @property
    def texts_per_s(self) -> float:
        """How many texts were judged a second; NaN where that was not timed."""
        return len(self.judged.scores) / self.judged.wall_s


def evaluate(judged: Judged, entry: ChainEntry, *, version: str, target_rate: float) -> Evaluation:
    """Work out all figures; what cannot be known for lack of texts is NaN.

    Args:
        judged: the texts, judged; at least one with a score.
        entry: the instance, with the threshold in force.
        version: the filter's.
        target_rate: the share of harmless texts that may be hit.
    """
    known = judged.known
    scores, truths, took = judged.scores[known], judged.truths[known], judged.took_ms[known]
    found, bins = curves(scores, truths), reliability(scores, truths)
    target = threshold_for(found, target_rate) if not truths.all() else None
    return Evaluation(
        entry=entry,
        version=version,
        judged=judged,
        auc=roc_auc(scores, truths),
        average_precision=average_precision(found),
        curves=found,
        now=AtThreshold.among(judged, entry.threshold, known),
        target_rate=target_rate,
        target=None if target is None else AtThreshold.among(judged, target, known),
        bins=bins,
        calibration_error=calibration_error(bins),
        calibrated=calibrate(scores, truths, entry),
        brier=float(np.mean((scores - truths) ** 2)),
        groups=[
            Group(
                name,
                roc_auc(judged.scores[inside], judged.truths[inside]),
                AtThreshold.among(judged, entry.threshold, inside),
            )
            for name, inside in by_group(judged)
        ],
        p50_ms=float(np.percentile(took, 50)),
        p99_ms=float(np.percentile(took, 99)),
    )
