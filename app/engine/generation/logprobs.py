"""Log-probabilities of tokens under the model itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.engine import TokenLogprob
from app.engine.generation.drawing import largest
from app.engine.generation.vocabulary import Vocabulary


class Logprobs:
    """The log-probabilities of one step, taken before the logits are changed.

    Args:
        row: finite logits.
        num_top: how many of the likeliest tokens to tell.
    """

    def __init__(self, row: NDArray[np.float32], num_top: int) -> None:
        self._row = row.copy()
        highest = row.max()
        shares = np.exp(row - highest)
        self._norm = float(highest) + float(np.log(shares.sum(dtype=np.float64)))
        found = largest(row, num_top) if num_top else np.empty(0, dtype=np.intp)
        self._top = found[np.argsort(-row[found], kind="stable")]

    def of(self, token: int, vocabulary: Vocabulary) -> TokenLogprob:
        """Return a token's, with the likeliest ones in its place."""
        top = tuple(self._one(int(other), vocabulary) for other in self._top)
        return self._one(token, vocabulary, top)

    def _one(
        self, token: int, vocabulary: Vocabulary, top: tuple[TokenLogprob, ...] = ()
    ) -> TokenLogprob:
        logprob = float(self._row[token]) - self._norm
        return TokenLogprob(token, *vocabulary.spelled(token), logprob, top)
