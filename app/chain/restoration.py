"""Put a prompt's own texts back where the judged completion writes their placeholders.

It comes last, when every filter has judged the completion with the placeholders in it, so that
no filter, and no record, sees the texts again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from app.chain.placeholders import PLACEHOLDER

_TOKEN = re.compile(rf"(?P<placeholder>{PLACEHOLDER.pattern})|[/\s<>\"'(=)]")
_BEGUN = re.compile(r"\[\w*\Z")
"""What may still become a placeholder."""

_CLOSING = {"<": ">", "(": ")", '"': '"', "'": "'"}


class _Place:
    """Whether what comes next would be a part of an address.

    Whoever gets an address into a text may have it fetched, by a page that shows the picture
    behind it for one, and would be sent the text that came back into it.
    """

    def __init__(self) -> None:
        self._opening = ""
        self._slash_at = -2
        self._until = ""

    @property
    def in_address(self) -> bool:
        """Whether an address has begun and not ended."""
        return bool(self._until)

    def pass_by(self, mark: str, position: int) -> None:
        """Go past a slash, white space, a quote or a bracket."""
        if mark == "/":
            if self._slash_at == position - 1 and not self._until:
                # `<https://a b>` holds a space, so such an address ends where it is closed.
                self._until = _CLOSING.get(self._opening, " ")
            self._slash_at = position
        elif self._until:
            self._end(mark)
        else:
            self._opening = "" if mark.isspace() else mark

    def _end(self, mark: str) -> None:
        if mark == self._until or (mark.isspace() and self._until == " "):
            # Behind a bracket some readers still see the address go on.
            self._until = " " if mark in ">)" else ""
            self._opening = ""


def in_json(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Return texts as they stand inside the strings of JSON, which they would else end or break."""
    return {
        placeholder: json.dumps(text, ensure_ascii=False)[1:-1]
        for placeholder, text in texts.items()
    }


class Restorer:
    """Takes judged text piece by piece and returns it with the texts in their places.

    Whatever pieces the text comes in, what comes out is the same. At most the beginning of one
    placeholder is held back.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._longest = max(map(len, texts), default=0)
        self._held = ""
        self._passed = 0
        self._place = _Place()

    def feed(self, text: str, *, last: bool = False) -> str:
        """Take more text, perhaps the `last`; return what is certain by now."""
        if not self._texts:
            return text
        text = self._held + text
        begun = None if last else _BEGUN.search(text, max(0, len(text) - self._longest + 1))
        end = begun.start() if begun else len(text)
        self._held = text[end:]
        return self._restored(text[:end])

    def _restored(self, text: str) -> str:
        restored = _TOKEN.sub(self._replacement, text)
        self._passed += len(text)
        return restored

    def _replacement(self, token: re.Match[str]) -> str:
        placeholder = token["placeholder"]
        if placeholder is None:
            self._place.pass_by(token[0], self._passed + token.start())
            return token[0]
        if self._place.in_address:
            return token[0]
        return self._texts.get(placeholder, token[0])
