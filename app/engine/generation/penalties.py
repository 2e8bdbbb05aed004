"""Penalties on tokens that came before, kept as a count that grows token by token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.engine import SamplingParameters


class Penalties:
    """Changes the logits of tokens that stand in the prompt or in the completion so far."""

    def __init__(self, parameters: SamplingParameters, prompt: Sequence[int]) -> None:
        self._repetition = np.float32(parameters.repetition_penalty)
        self._presence = np.float32(parameters.presence_penalty)
        self._frequency = np.float32(parameters.frequency_penalty)
        self.is_none = not (
            parameters.repetition_penalty != 1
            or parameters.presence_penalty
            or parameters.frequency_penalty
        )
        read = sorted(set(prompt)) if parameters.repetition_penalty != 1 else []
        self._places = {token: place for place, token in enumerate(read)}
        self._tokens = np.array([*read, *[0] * 64], dtype=np.intp)
        self._counts = np.zeros(len(self._tokens), dtype=np.float32)

    def add(self, token: int) -> None:
        """Count a token of the completion."""
        if self.is_none:
            return
        place = self._places.setdefault(token, len(self._places))
        if place == len(self._tokens):
            self._tokens = np.concatenate((self._tokens, np.zeros_like(self._tokens)))
            self._counts = np.concatenate((self._counts, np.zeros_like(self._counts)))
        self._tokens[place] = token
        self._counts[place] += 1

    def apply(self, row: NDArray[np.float32]) -> None:
        """Change a row of logits in place."""
        tokens = self._tokens[: len(self._places)]
        counts = self._counts[: len(self._places)]
        values = row[tokens]
        values = np.where(values > 0, values / self._repetition, values * self._repetition)
        values -= self._frequency * counts + self._presence * (counts > 0)
        row[tokens] = values
