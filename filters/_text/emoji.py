"""Say in words what pictures say: models that read text take an emoji for an unknown word."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

PICTURES = (
    "\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u203c\u2049"
    "\U0001f000-\U0001f0ff\U0001f200-\U0001f3fa\U0001f400-\U0001faff"
)
"""Inside a character class: what has a picture of its own."""

_EMOJI = re.compile(f"([{PICTURES}])\\1*")
"""The same one in a row is named once."""
_JOINING = re.compile("[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f\u20e3]|(?<=[^\x00-\u1fff])\u200d")
"""Skin tones, variation selectors and joiners: they only choose among pictures."""

_TYPOGRAPHY = frozenset({"heavy", "black", "white"})
"""How the printed sign once looked: a heavy black heart is a heart."""


def name_emoji(text: str) -> str:
    """Return the text with its emoji as words: `🖕` is `reversed hand with middle finger extended`."""
    if text.isascii():
        return text
    return _EMOJI.sub(lambda run: _name(run[1]), _JOINING.sub("", text))


@lru_cache(maxsize=4_096)
def _name(emoji: str) -> str:
    words = unicodedata.name(emoji, "").lower().split()
    name = " ".join(word for word in words if word not in _TYPOGRAPHY)
    return f" {name} " if name else emoji
