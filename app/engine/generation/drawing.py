"""Drawing a token at random from one row of logits.

Everything is exact, and nothing sorts the vocabulary: candidates are found by thresholds.
Each row is worked on alone, so its result is the same to the last bit whatever stands beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine import SamplingParameters

Row = NDArray[np.float32]
Places = NDArray[np.intp]
Sums = NDArray[np.float64]

GREEDY_BELOW = 1e-5
"""Lower temperatures are greedy: their exponents would overflow."""
COLUMNS = 64
"""Most values of which only the largest is looked at to bound the largest of all."""
OFTEN_ENOUGH = 128
"""Tokens that hold most of the probability where a model knows what it wants to say."""
BUCKET_BITS = 18
"""Shares that differ in the upper bits only fall into different buckets: 4,066 of them."""
BLOCK = 256
"""Tokens whose shares are added up before one of them is drawn."""


def largest(row: Row, number: int) -> Places:
    """Return the places of the largest values, the largest first; of equals the first."""
    if number <= 0:
        return np.empty(0, dtype=np.intp)
    found = np.flatnonzero(row >= _bound(row, number)) if number < len(row) else np.arange(len(row))
    return found[np.argsort(-row[found], kind="stable")[:number]]


def draw(row: Row, chosen: SamplingParameters, random: np.random.Generator) -> int:
    """Return a token by temperature, top k, top p and min p, in this order.

    Args:
        row: logits, of which one is finite and none is NaN or positive infinity.
        chosen: a temperature that is not greedy, and the rest.
        random: asked for exactly one number.
    """
    if not 0 < chosen.top_k < len(row):
        return _draw(cut(_shares(row, chosen), chosen), random.random())
    tokens = largest(row, chosen.top_k)
    return draw_among(tokens, row[tokens], chosen, random)


def draw_among(
    tokens: NDArray[np.integer[Any]],
    logits: Row,
    chosen: SamplingParameters,
    random: np.random.Generator,
) -> int:
    """Return one of the tokens that top k left, the largest logit first."""
    shares = cut(_shares(logits, chosen), chosen)
    return int(tokens[_draw(shares, random.random())])


def _shares(row: Row, chosen: SamplingParameters) -> Row:
    """Return the probabilities, as multiples of the largest."""
    shares: Row = row - row.max()
    shares /= np.float32(chosen.temperature)
    np.exp(shares, out=shares)
    return shares


def cut(shares: Row, chosen: SamplingParameters) -> Row:
    """Set to 0 what top p and min p leave out; return the same array."""
    if chosen.top_p < 1:
        _cut_top_p(shares, chosen.top_p)
    if chosen.min_p > 0:
        shares *= shares >= np.float32(chosen.min_p) * shares.max()
    return shares


def _cut_top_p(shares: Row, p: float) -> None:
    """Keep the smallest number of the largest shares that hold `p` of all; at least one."""
    goal = p * float(shares.sum(dtype=np.float64))
    least, num_equal = _boundary(shares, goal)
    equal = np.flatnonzero(shares == least)
    shares *= shares >= least
    shares[equal[num_equal:]] = 0


def _boundary(shares: Row, goal: float) -> tuple[np.float32, int]:
    """Return the smallest of the largest shares that reach a sum, and how many of its size."""
    few = shares[largest(shares, OFTEN_ENOUGH)]
    sums = np.cumsum(few, dtype=np.float64)
    before = 0.0
    if sums[-1] < goal and len(few) < len(shares):
        before, few = _boundary_bucket(shares, goal)
        sums = np.cumsum(few, dtype=np.float64)
    place = min(int(np.searchsorted(sums, goal - before)), len(few) - 1)
    return few[place], int(np.count_nonzero(few[: place + 1] == few[place]))


def _boundary_bucket(shares: Row, goal: float) -> tuple[float, Row]:
    """Return the bucket of similar shares in which the sum is reached, and the sum before it."""
    # The bits of positive floats are in the order of their values.
    buckets = (shares.view(np.uint32) >> BUCKET_BITS).astype(np.intp)
    sums = np.cumsum(np.bincount(buckets, weights=shares)[::-1])
    place = int(np.searchsorted(sums, min(goal, sums[-1])))
    bucket = shares[buckets == len(sums) - 1 - place]
    return float(sums[place - 1]) if place else 0.0, np.sort(bucket)[::-1]


def _draw(shares: Row, random: float) -> int:
    """Return a place with the probability of its share; `random` is in [0, 1)."""
    blocks = np.cumsum(np.add.reduceat(shares, np.arange(0, len(shares), BLOCK)), dtype=np.float64)
    block, rest = _place(blocks, random)
    begin = block * BLOCK
    place, _ = _place(np.cumsum(shares[begin : begin + BLOCK], dtype=np.float64), rest)
    return begin + place


def _place(sums: Sums, random: float) -> tuple[int, float]:
    """Return into which step of the running sum a number falls, and where in it, in [0, 1)."""
    goal = min(random * sums[-1], np.nextafter(sums[-1], 0.0))
    place = int(np.searchsorted(sums, goal, side="right"))
    before = sums[place - 1] if place else 0.0
    return place, float((goal - before) / (sums[place] - before))


def _bound(row: Row, number: int) -> np.float32:
    """Return a value that at least `number` of the row reach, and few more do."""
    height = max(1, min(COLUMNS, len(row) // (4 * number)))
    width = len(row) // height
    tops = row[: height * width].reshape(height, width).max(axis=0)
    return np.float32(np.partition(tops, width - number)[width - number])
