"""Holding a completion to a grammar: which tokens may come next."""

from __future__ import annotations

import numpy as np
from llguidance import LLMatcher
from numpy.typing import NDArray

from app.errors import GrammarTooComplex


class GrammarMatcher:
    """How far one completion has come in its grammar.

    Args:
        matcher: at the beginning, and nobody else's.
        param: where the grammar stood in the request, for errors.
    """

    def __init__(self, matcher: LLMatcher, param: str) -> None:
        self._matcher = matcher
        self._param = param

    @property
    def is_finished(self) -> bool:
        """Whether the text is whole and nothing may follow it."""
        return self._matcher.is_stopped()

    def allowed(self, size: int) -> NDArray[np.bool_]:
        """Return which of the first `size` tokens may come next; at least one may.

        Raises:
            GrammarTooComplex: it takes too much work at this place.
        """
        packed = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        bits = np.unpackbits(packed, bitorder="little")[:size]
        if self._matcher.is_error() or not bits.any():
            raise GrammarTooComplex(param=self._param)
        if len(bits) < size:
            bits = np.pad(bits, (0, size - len(bits)))
        return bits.view(np.bool_)

    def advance(self, token: int) -> None:
        """Take the token that was picked.

        Raises:
            GrammarTooComplex: it takes too much work at this place.
        """
        if not self._matcher.consume_token(token):
            raise GrammarTooComplex(param=self._param)
