"""Picking the next token from its logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.engine import SamplingParameters


class Sampler:
    """Picks tokens for one completion; the same seed picks the same ones."""

    def __init__(self, parameters: SamplingParameters) -> None:
        self._parameters = parameters
        self._random = np.random.default_rng(parameters.seed)

    def pick(self, logits: NDArray[np.float32]) -> int:
        """Return a token: the likeliest at temperature 0, else a random one of top k and top p."""
        chosen = self._parameters
        if chosen.temperature <= 0:
            return int(logits.argmax())
        tokens = _top_k(logits, chosen.top_k)
        scaled = logits[tokens].astype(np.float64)
        powers = np.exp((scaled - scaled.max()) / chosen.temperature)
        shares = powers / powers.sum()
        kept = _top_p(shares, chosen.top_p)
        bounds = np.cumsum(shares[kept])
        place = int(np.searchsorted(bounds, self._random.random() * bounds[-1], side="right"))
        return int(tokens[kept[min(place, len(kept) - 1)]])


def _top_k(logits: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Return the k likeliest tokens, in order of their numbers; 0 is all."""
    if not 0 < k < len(logits):
        return np.arange(len(logits))
    return np.sort(np.argpartition(-logits, k - 1)[:k])


def _top_p(shares: NDArray[np.float64], p: float) -> NDArray[np.intp]:
    """Return the places of the likeliest tokens that hold a share of p together; at least one."""
    if p >= 1:
        return np.arange(len(shares))
    order = np.argsort(-shares, kind="stable")
    return order[: int(np.searchsorted(np.cumsum(shares[order]), p)) + 1]
