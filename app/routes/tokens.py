"""Log-probabilities of tokens, told only for text that was released."""

from __future__ import annotations

from collections.abc import Sequence

from app.engine import TokenLogprob

Told = Sequence[tuple[TokenLogprob, int]]
"""Tokens that may be seen, each with its place in the text, in characters."""

_CONTINUES = 0b1000_0000
_KIND = 0b1100_0000


class ReleasedTokens:
    """Matches the tokens a model wrote with the text that the filters let pass.

    A token is told once all of its bytes stand in the released text, in its place. From the
    first one on that does not, because a filter changed the text or a stop string ended it,
    none is told: nothing is given away that was not released.

    Args:
        tokens: grows while the model writes.
    """

    def __init__(self, tokens: Sequence[TokenLogprob]) -> None:
        self._tokens = tokens
        self._next = 0
        self._text = bytearray()
        self._at = 0
        self._offset = 0
        self._is_lost = False
        self.told: list[tuple[TokenLogprob, int]] = []
        """All tokens that may be seen so far."""

    def release(self, text: str) -> Told:
        """Take released text and return the tokens that are complete now."""
        self._text += text.encode("utf-8", "surrogatepass")
        before = len(self.told)
        while not self._is_lost and self._next < len(self._tokens) and self._take():
            self._next += 1
        return self.told[before:]

    def _take(self) -> bool:
        """Tell the next token if all of its text was released; return whether to go on."""
        token = self._tokens[self._next]
        utf8 = token.utf8
        if not self._at and not self._text.startswith(b" "):
            utf8 = utf8.lstrip(b" ")  # some tokenizers begin with a space that is not shown
        end = self._at + len(utf8)
        if end > len(self._text):
            return False
        if self._text[self._at : end] != utf8:
            self._is_lost = True
            return False
        if utf8:
            self.told.append((token, self._offset))
        self._at = end
        self._offset += sum(byte & _KIND != _CONTINUES for byte in utf8)
        return True
