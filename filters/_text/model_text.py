"""A text as a model should read it: what a reader sees, and what is meant by it."""

from __future__ import annotations

import re
import unicodedata

from filters._text.disguise import STAND_INS
from filters._text.emoji import name_emoji
from filters._text.normalise import normalise
from filters._text.readings import spelled_out_places

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_TAG = re.compile("[\U000e0020-\U000e007e]")

_BETWEEN_LETTERS = re.compile(r"[^\W\d_][\d@$!|+€£§]+[^\W\d_]|[$€£][^\W\d_]|[^\W\d_]\$")
_ADDRESS = re.compile(r"@[^@.]*\.|://|^@|^www\.", re.IGNORECASE)
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_VOWELS = frozenset("aeiouy")


def readings(text: str) -> list[str]:
    """Return the text as it is seen, and if its words are disguised also as they may be meant.

    Empty for a text without anything to see. `1` and `!` may mean an i or an l, so there are up
    to three.
    """
    seen = _visible(text)
    if not seen.strip():
        return []
    if _is_as_meant(seen):
        return [seen]
    found = {tuple(_words(seen)): seen}
    for letter in "il":
        meant = _undisguised(seen, letter)
        found.setdefault(tuple(_words(meant)), meant)
    return list(found.values())


def _is_as_meant(seen: str) -> bool:
    """Whether no word can be read in another way: so it is with nearly all English text."""
    lower = seen.lower()
    return seen.isascii() and not (
        _BETWEEN_LETTERS.search(lower) or _STRETCHED.search(lower) or spelled_out_places(lower)
    )


def _visible(text: str) -> str:
    """Remove what cannot be seen, except hidden tags: models may read those."""
    named = name_emoji(_TAG.sub(lambda tag: chr(ord(tag[0]) - 0xE0000), text))
    return _CONTROL.sub("", _INVISIBLE.sub("", named))


def _undisguised(text: str, ambiguous: str) -> str:
    joined = _join_spelled_out(text)
    return " ".join(_plain_word(word, ambiguous) for word in joined.split())


def _join_spelled_out(text: str) -> str:
    pieces, at = [], 0
    for places in spelled_out_places(text):
        pieces += [text[at : places[0]], *(text[place] for place in places)]
        at = places[-1] + 1
    return "".join([*pieces, text[at:]])


def _plain_word(word: str, ambiguous: str) -> str:
    """Return the word in plain letters, or as it is where it is no Latin word in disguise."""
    plain = normalise(word).text
    if not plain.isascii():
        return word
    if _BETWEEN_LETTERS.search(plain) and not _ADDRESS.search(plain):
        letters = sum(map(str.isalpha, plain))
        if letters >= sum(map(str.isdigit, plain)):
            body = plain.rstrip("!|")
            plain = "".join(_letter(char, ambiguous) for char in body) + plain[len(body) :]
    return _STRETCHED.sub(lambda run: run[1] * (1 if run[1] in _VOWELS else 2), plain)


def _letter(char: str, ambiguous: str) -> str:
    letters = STAND_INS.get(char, char)
    return ambiguous if letters == "il" else letters[0]


def _words(text: str) -> list[str]:
    letters = unicodedata.normalize("NFD", text.casefold())
    return re.findall(r"\w+", "".join(char for char in letters if not unicodedata.combining(char)))
