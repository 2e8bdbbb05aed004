"""What was hit and what was not, counted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from app.evaluation.curves import Truths, share_interval
from app.evaluation.judged import Judged


@dataclass(frozen=True, slots=True)
class Counts:
    """How many bad and harmless texts there are, and how many of each are hit."""

    caught: int
    bad: int
    alarms: int
    harmless: int

    @classmethod
    def of(cls, hit: Truths, truths: Truths) -> Counts:
        """Count the texts that are hit."""
        caught, alarms = int((hit & truths).sum()), int((hit & ~truths).sum())
        return cls(caught, int(truths.sum()), alarms, int((~truths).sum()))

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
class AtThreshold(Counts):
    """What one threshold means on these texts."""

    threshold: float

    @classmethod
    def among(cls, judged: Judged, threshold: float, inside: Truths) -> AtThreshold:
        """Count what the threshold hits among some of the texts."""
        hit = judged.hits(threshold)[inside]
        return cls(**asdict(Counts.of(hit, judged.truths[inside])), threshold=threshold)


def by_group(judged: Judged) -> Iterator[tuple[str, Truths]]:
    """Yield each group's name and which of the texts with a score are its own."""
    for place, name in enumerate(judged.names):
        yield name, (judged.groups == place) & judged.known
