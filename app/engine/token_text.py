"""Tokens to text as they come: whole characters only, and nothing past a stop string."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream


class TokenText:
    """The text of one completion, released piece by piece.

    What may be the beginning of a stop string is held back until it is clear.
    """

    def __init__(self, tokenizer: Tokenizer, stops: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.is_stopped = False
        """A stop string came; the text ends before it."""

    def add(self, token: int) -> str:
        """Take a token and return the text that is now sure, which may be empty."""
        self._held += self._stream.step(self._tokenizer, token) or ""
        ends = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if ends:
            self.is_stopped = True
            self._held = self._held[: min(ends)]
            return self.finish()
        sure = len(self._held) - self._num_doubtful()
        text, self._held = self._held[:sure], self._held[sure:]
        return text

    def finish(self) -> str:
        """Return what was held back; half a character at the end is dropped."""
        text, self._held = self._held, ""
        return text

    def _num_doubtful(self) -> int:
        """Return how many characters at the end may begin a stop string."""
        return max(
            (
                size
                for stop in self._stops
                for size in range(1, min(len(stop), len(self._held) + 1))
                if self._held.endswith(stop[:size])
            ),
            default=0,
        )
