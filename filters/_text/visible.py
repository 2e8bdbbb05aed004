"""Read a text as it looks: without what cannot be seen, and with plain digits, dashes and spaces."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from filters._text.normalise import Normalised, as_written

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"


class _Looks(dict[int, int]):
    """What each character looks like; filled as characters turn up."""

    limit = 50_000
    """Entries kept: a text of rare characters must not make it grow for ever."""

    def __missing__(self, code: int) -> int:
        if len(self) >= self.limit:
            self.clear()
        looks = self[code] = _looks(chr(code))
        return looks


_LOOKS = _Looks()


def visible(text: str) -> Normalised:
    """Return the text as it looks, in any case that it has; takes time linear in its length."""
    if text.isascii():
        return as_written(text)
    pieces: list[str] = []
    places: list[int] = []
    at = 0
    for gap in _INVISIBLE.finditer(text):
        pieces.append(text[at : gap.start()])
        places += range(at, gap.start())
        at = gap.end()
    places += range(at, len(text))
    pieces.append(text[at:])
    looks = "".join(pieces).translate(_LOOKS)
    starts = np.array(places)
    return Normalised(looks, lambda: (starts, starts + 1))


def _looks(character: str) -> int:
    code = ord(character)
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return ord("0") + int(digit)
    if 0xFF01 <= code <= 0xFF5E:
        return code - 0xFEE0
    if character in _DASHES:
        return ord("-")
    if 0xD800 <= code < 0xE000:
        return 0xFFFD
    return ord(" ") if unicodedata.category(character) == "Zs" else code
