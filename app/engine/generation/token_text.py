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
        self._shown: list[int] = []
        self._open: list[int] = []  # tokens behind the shown ones that end within a character
        self.is_stopped = False
        """A stop string came; the text ends before it."""

    def add(self, token: int) -> str:
        """Take a token and return the text that is now sure, which may be empty."""
        self._open.append(token)
        if piece := self._stream.step(self._tokenizer, token):
            self._held += piece
            self._shown, self._open = self._open, []
        self._look_for_stops()
        sure = len(self._held) - (0 if self.is_stopped else self._num_doubtful())
        text, self._held = self._held[:sure], self._held[sure:]
        return text

    def finish(self) -> str:
        """Return what was held back; half a character at the end is dropped."""
        if not self.is_stopped:
            shown, whole = map(self._tokenizer.decode, (self._shown, self._shown + self._open))
            self._held += whole[len(shown) :].rstrip("\N{REPLACEMENT CHARACTER}")
            self._look_for_stops()
        text, self._held = self._held, ""
        return text

    def _look_for_stops(self) -> None:
        ends = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if ends:
            self.is_stopped = True
            self._held = self._held[: min(ends)]

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
