"""Tokens to text as they come: whole characters only, and nothing past a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from app.engine.generation.stop_strings import StopStrings
from app.engine.generation.vocabulary import Vocabulary

_new_decoder = codecs.getincrementaldecoder("utf-8")


class TokenText:
    """The text of one completion, released piece by piece.

    What may be the beginning of a stop string is held back until it is clear. Control tokens
    are no text.

    Args:
        vocabulary: says what the tokens write.
        stops: strings that end the text before them.
        min_tokens: stop strings that are complete before this many tokens are ordinary text.
    """

    def __init__(
        self, vocabulary: Vocabulary, stops: Sequence[str] = (), min_tokens: int = 0
    ) -> None:
        self._vocabulary = vocabulary
        self._characters = _new_decoder(errors="replace")
        self._stops = StopStrings(stops)
        self._min_tokens = min_tokens
        self._num_tokens = 0
        self._has_begun = False
        self._held = ""
        self.is_stopped = False
        """A stop string came; the text ends before it."""

    def add(self, token: int) -> str:
        """Take a token and return the text that is now sure, which may be empty."""
        self._num_tokens += 1
        piece = self._characters.decode(self._bytes(token))
        found = self._stops.feed(piece, counts=self._num_tokens >= self._min_tokens)
        self._held += piece
        if found:
            end, size = found
            self.is_stopped = True
            return self._release(len(self._held) - len(piece) + end - size)
        return self._release(len(self._held) - self._stops.num_doubtful)

    def finish(self) -> str:
        """Return what was held back; half a character at the end is dropped."""
        return "" if self.is_stopped else self._release(len(self._held))

    def _bytes(self, token: int) -> bytes:
        if token in self._vocabulary.control_tokens:
            return b""
        spelled = self._vocabulary.token_bytes
        if self._has_begun:
            return spelled.inner(token)
        self._has_begun = True
        return spelled.first(token)

    def _release(self, num_chars: int) -> str:
        text, self._held = self._held[:num_chars], self._held[num_chars:]
        return text
