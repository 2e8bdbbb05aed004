"""Put a prompt's own texts back where the judged completion writes their placeholders.

It comes last, when every filter has judged the completion with the placeholders in it, so that
no filter, and no record, sees the texts again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from app.chain.addresses import Place
from app.chain.placeholders import PLACEHOLDER

_BEGUN = re.compile(r"\[\w*\Z")
"""What may still become a placeholder."""


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
        self._place = Place()

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
        pieces: list[str] = []
        at = 0
        for found in PLACEHOLDER.finditer(text):
            self._place.go_past(text[at : found.start()])
            pieces += [text[at : found.start()], self._replacement(found[0])]
            self._place.go_past(found[0])
            at = found.end()
        self._place.go_past(text[at:])
        return "".join([*pieces, text[at:]])

    def _replacement(self, placeholder: str) -> str:
        if self._place.in_address:
            return placeholder
        return self._texts.get(placeholder, placeholder)
