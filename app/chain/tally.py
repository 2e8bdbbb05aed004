"""Add up what one instance measured in a text's units into one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from app.chain.instance import Instance
from app.exchange import Action, Verdict
from filters import Evidence, Finding, Passage, Range, Stage

MAX_RANGES = 256
"""Ranges and evidence kept in a verdict; the worst text cannot blow up its record."""

ToOriginal = Callable[[int, int], tuple[int, int]]


class Tally:
    """Collects the findings of one instance at one stage."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.score = 0.0
        self.label = ""
        self.scores: dict[str, float] = {}
        self.ranges: list[Range] = []
        self.evidence: list[Evidence] = []
        self.passages: tuple[Passage, ...] = ()
        self.duration_ms = 0.0
        self.error: str | None = None
        self.judged = False

    def add(self, finding: Finding | None, offset: int, to_original: ToOriginal) -> bool:
        """Take one finding whose unit begins at `offset`; return whether it hits the threshold."""
        self.judged = True
        if finding is None:
            return False
        if finding.score >= self.score:
            self.score, self.label = finding.score, finding.label
        for label, score in finding.scores.items():
            self.scores[label] = max(score, self.scores.get(label, 0.0))
        self.passages += finding.passages
        if self.instance.stage is not Stage.RETRIEVAL:  # there the text itself is the passage
            self.evidence += finding.evidence[: MAX_RANGES - len(self.evidence)]
        hit = self.instance.is_hit(finding)
        if hit:
            for found in self.instance.ranges(finding)[: MAX_RANGES - len(self.ranges)]:
                start, end = to_original(found.start + offset, found.end + offset)
                moved = replace(found, start=start, end=end)
                if moved not in self.ranges[-8:]:  # seen already in the windows' overlap
                    self.ranges.append(moved)
        return hit

    def take(self, later: Tally) -> None:
        """Add what the same instance measured in a later text."""
        if later.score > self.score or (later.score == self.score and later.label):
            self.score, self.label = later.score, later.label
        for label, score in later.scores.items():
            self.scores[label] = max(score, self.scores.get(label, 0.0))
        self.ranges += later.ranges[: MAX_RANGES - len(self.ranges)]
        self.evidence += later.evidence[: MAX_RANGES - len(self.evidence)]
        self.passages += later.passages
        self.duration_ms += later.duration_ms
        self.error = later.error or self.error
        self.judged = self.judged or later.judged

    def fail(self, kind: str) -> None:
        """Note that a check failed."""
        self.judged = True
        self.error = kind

    @property
    def action(self) -> Action:
        """What follows from everything measured so far."""
        if self.error:
            return Action.ERROR
        if self.score >= self.instance.entry.threshold and self.score > 0:
            return Action(self.instance.entry.action)
        return Action.ALLOW

    def verdict(self) -> Verdict:
        """Return the verdict as it stands."""
        entry = self.instance.entry
        return Verdict(
            id=entry.id,
            filter=entry.filter,
            version=self.instance.filter.version,
            stage=self.instance.stage,
            action=self.action,
            mode=entry.mode,
            score=self.score,
            threshold=entry.threshold,
            label=self.label,
            ranges=tuple(self.ranges),
            evidence=tuple(self.evidence),
            scores=dict(self.scores),
            duration_ms=self.duration_ms,
            error=self.error,
        )


def sum_of(instance: Instance, tallies: Iterable[Tally]) -> Tally:
    """Return what an instance measured in several texts together."""
    total = Tally(instance)
    for tally in tallies:
        total.take(tally)
    return total
