"""Drawing a token at random from one row of logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.engine import SamplingParameters

Logits = NDArray[np.float32]
Tokens = NDArray[np.intp]

GREEDY_BELOW = 1e-5
"""Lower temperatures are greedy: their exponents would overflow."""
BLOCK = 64
"""Least width of the blocks whose maxima bound the largest values."""


def largest(row: Logits, number: int) -> Tokens:
    """Return the places of the largest values, in order of their numbers; of equals the first."""
    if number >= len(row):
        return np.arange(len(row))
    found = np.flatnonzero(row >= _bound(row, number))
    order = np.argsort(-row[found], kind="stable")[:number]
    return np.sort(found[order])


def draw(row: Logits, chosen: SamplingParameters, random: np.random.Generator) -> int:
    """Return a token by temperature, top k, top p and min p, in this order."""
    tokens = largest(row, chosen.top_k or len(row))
    values = row[tokens].astype(np.float64)
    shares = np.exp((values - values.max()) / chosen.temperature)
    if chosen.top_p < 1:
        order = np.argsort(-shares, kind="stable")
        sums = np.cumsum(shares[order])
        kept = np.sort(order[: int(np.searchsorted(sums, chosen.top_p * sums[-1])) + 1])
        tokens, shares = tokens[kept], shares[kept]
    if chosen.min_p > 0:
        kept = np.flatnonzero(shares >= chosen.min_p)
        tokens, shares = tokens[kept], shares[kept]
    sums = np.cumsum(shares)
    place = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
    return int(tokens[min(place, len(tokens) - 1)])


def _bound(row: Logits, number: int) -> np.float32:
    """Return a value that at least `number` of the row reach, and few more."""
    width = max(1, min(BLOCK, len(row) // (4 * number)))
    whole = len(row) // width * width
    tops = row[:whole].reshape(-1, width).max(axis=1)
    place = len(tops) - number
    return np.float32(np.partition(tops, place)[place])
