"""The order of the data: a function of seed and step, so that nothing of it needs saving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

POOL_BATCHES = 40
"""Examples of like length share a batch, sorted within pools of about so many batches."""


class Order:
    """Which examples each step learns from."""

    def __init__(self, lengths: Sequence[int], *, seed: int, batch_tokens: int) -> None:
        if not lengths:
            raise ValueError("there is nothing to learn from")
        self._lengths = np.asarray(lengths)
        self._seed = seed
        self._batch_tokens = batch_tokens
        self._epoch_batches = lru_cache(maxsize=2)(self._cut_epoch)

    def batches(self, first_step: int) -> Iterator[list[int]]:
        """Yield the example numbers of every step from `first_step` (0 is the first), for ever."""
        epoch, passed = 0, 0
        while True:
            batches = self._epoch_batches(epoch)
            if first_step < passed + len(batches):
                yield from batches[max(0, first_step - passed) :]
            passed += len(batches)
            epoch += 1

    def _cut_epoch(self, epoch: int) -> list[list[int]]:
        chance = np.random.default_rng([self._seed, epoch])
        shuffled = chance.permutation(len(self._lengths))
        mean = float(self._lengths.mean())
        pool = max(1, int(self._batch_tokens * POOL_BATCHES / mean))
        batches: list[list[int]] = []
        for start in range(0, len(shuffled), pool):
            some = shuffled[start : start + pool]
            ordered = some[np.argsort(self._lengths[some], kind="stable")]
            batches += self._cut_pool(ordered.tolist())
        return [batches[at] for at in chance.permutation(len(batches))]

    def _cut_pool(self, ordered: list[int]) -> list[list[int]]:
        batches: list[list[int]] = [[]]
        for number in ordered:
            # Sorted by length, so the newest is the longest, and all are padded to it.
            if batches[-1] and self._lengths[number] * (len(batches[-1]) + 1) > self._batch_tokens:
                batches.append([])
            batches[-1].append(number)
        return batches
