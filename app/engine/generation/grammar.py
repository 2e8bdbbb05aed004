"""Holding a completion to a grammar: which tokens may come next."""

from __future__ import annotations

import numpy as np
from llguidance import LLMatcher
from numpy.typing import NDArray

from app.errors import InvalidRequest


class GrammarMatcher:
    """How far one completion has come in its grammar."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    @property
    def is_finished(self) -> bool:
        """Whether the text is whole and nothing may follow it."""
        return self._matcher.is_stopped()

    def allowed(self, size: int) -> NDArray[np.bool_]:
        """Return which of the first `size` tokens may come next.

        Raises:
            InvalidRequest: the grammar takes too much work at this place.
        """
        packed = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        if self._matcher.is_error():
            raise TOO_COMPLEX
        bits = np.unpackbits(packed, bitorder="little")[:size]
        return np.pad(bits, (0, size - len(bits))).view(np.bool_)

    def advance(self, token: int) -> None:
        """Take the token that was picked.

        Raises:
            InvalidRequest: the grammar takes too much work at this place.
        """
        if not self._matcher.consume_token(token):
            raise TOO_COMPLEX


class GrammarInvalid(InvalidRequest):
    """The grammar cannot be read, or asks for what is not supported."""

    code = "grammar_invalid"
    default_message = "The grammar is not valid."


class GrammarTooComplex(InvalidRequest):
    """The grammar takes more work or memory than this server spends on one."""

    code = "grammar_too_complex"
    default_message = "The grammar is too complex for this server."


TOO_COMPLEX = GrammarTooComplex()
