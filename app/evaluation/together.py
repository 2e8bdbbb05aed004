"""What the instances of a stage do together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from app.evaluation.counts import Counts, by_group
from app.evaluation.curves import Truths
from app.evaluation.evaluation import Evaluation


@dataclass(frozen=True, slots=True)
class Together:
    """Several instances of one stage, each at its threshold in force."""

    stage: str
    ids: tuple[str, ...]
    found: Counts
    """What any of them hits."""
    blocked: Counts
    """What any of those hits whose action is `block`."""
    unscored: int
    """Texts to which one of them gave no score; the figures leave them out."""
    groups: list[tuple[str, Counts]]
    """What any of them hits, by group."""


def together(evaluations: Sequence[Evaluation]) -> Iterator[Together]:
    """Yield the figures of each stage at which there are several instances."""
    for stage in dict.fromkeys(one.entry.stage for one in evaluations):
        some = [one for one in evaluations if one.entry.stage == stage]
        if len(some) > 1:
            yield _together(some)


def _together(some: Sequence[Evaluation]) -> Together:
    judged = some[0].judged
    known = np.logical_and.reduce([one.judged.known for one in some])
    found = _any(some, known)
    blocked = _any([one for one in some if one.entry.action == "block"], known)
    return Together(
        stage=some[0].entry.stage.value,
        ids=tuple(one.id for one in some),
        found=Counts.of(found[known], judged.truths[known]),
        blocked=Counts.of(blocked[known], judged.truths[known]),
        unscored=int((~known).sum()),
        groups=[
            (name, Counts.of(found[inside & known], judged.truths[inside & known]))
            for name, inside in by_group(judged)
        ],
    )


def _any(some: Sequence[Evaluation], known: Truths) -> Truths:
    hit = np.zeros_like(known)
    for one in some:
        hit |= one.judged.hits(one.now.threshold)
    return hit
