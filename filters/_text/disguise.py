"""Recognise a word under leetspeak (`k1ll`), and with stretched letters (`kiiill`).

A word and a text are brought to one skeleton, in which a letter, its stand-ins and their
repetitions are the same character. Equal skeletons only make a candidate: `spells` then looks
at the letters one by one, so that `fall` never passes for `fail`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property

import numpy as np

from filters._text.codes import ASCII, BASIC, Codes, Mask, Places, around, codes_of, text_of

STAND_INS = {
    "0": "o", "1": "il", "!": "il", "|": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb",
    "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "+": "t", "(": "c", "£": "l", "€": "e",
    "¥": "y", "¢": "c", "§": "s", "†": "t", "©": "c", "®": "r", "₣": "f", "₤": "l", "₦": "n",
    "₩": "w", "₽": "p", "₿": "b", "₭": "k", "₮": "t", "₳": "a", "₵": "c", "₲": "g", "฿": "b",
}  # fmt: skip
"""What stands in for a letter, and for which ones."""

STRETCHED = 3
"""This many of one letter in a row stretch a word; two are common spelling."""

MANY_DIGITS_FROM = 6
"""In shorter words at most half may be digits: `a55` is a paper size, not a swear word."""

_SHARING = {"l": "i", "b": "g"}
"""Letters that have a stand-in in common are one class: `1` is `i` or `l`, `6` is `g` or `b`."""
_CLASSES = str.maketrans(
    {char: _SHARING.get(letters[0], letters[0]) for char, letters in STAND_INS.items()} | _SHARING
)
_LETTERS = [ord(letter) for letter in _SHARING]
_CLASS_BYTES = bytes(ord(_CLASSES.get(c, chr(c))) for c in range(ASCII)).ljust(256)
_BASIC_CLASSES = np.arange(BASIC, dtype=np.uint32)
_BASIC_CLASSES[list(_CLASSES)] = [ord(letter) for letter in _CLASSES.values()]
_RUN = re.compile(r"(.)\1*", re.DOTALL)


class Skeleton:
    """The skeleton of a plain text, with the place of each of its characters in that one."""

    def __init__(self, text: str, *, leetspeak: bool) -> None:
        self._whole = text
        self._written = codes_of(text)
        self._coarse = _coarse(self._written) if leetspeak else self._written

    @cached_property
    def _begins(self) -> Mask:
        return _begins_run(self._coarse)

    @cached_property
    def text(self) -> str:
        """The skeleton itself."""
        return text_of(self._coarse[self._begins])

    @cached_property
    def starts(self) -> Places:
        """Where each character begins in the plain text."""
        return np.flatnonzero(self._begins)

    @cached_property
    def ends(self) -> Places:
        """Where it ends there."""
        return np.append(self.starts, len(self._whole))[1:]

    def original_range(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters `[start, end)` stand in the plain text."""
        last = int(self.starts[end]) if end < len(self.starts) else len(self._whole)
        return int(self.starts[start]), last

    @cached_property
    def signs(self) -> Places:
        """Where in the plain text signs of a disguise stand."""
        return np.flatnonzero(_signs(self._whole, self._written, self._coarse))

    @cached_property
    def _sign_places(self) -> list[int]:
        places: list[int] = self.signs.tolist()
        return places

    def around_signs(self, reach: int) -> list[tuple[int, int]]:
        """Return the stretches of the skeleton that lie within `reach` characters of a sign."""
        places = np.searchsorted(self.starts, self.signs, side="right") - 1
        return around(places, reach, reach)

    @property
    def has_signs(self) -> bool:
        """Whether there is any sign of a disguise at all."""
        return len(self.signs) > 0

    def is_disguised(self, start: int, end: int | None = None) -> bool:
        """Whether a stretch of the plain text bears a sign of a disguise."""
        next_one = bisect_left(self._sign_places, start)
        if next_one == len(self._sign_places):
            return False
        return end is None or self._sign_places[next_one] < end


def skeleton_texts(words: Iterable[str], *, leetspeak: bool) -> list[str]:
    """Return the texts alone of many skeletons, of words that hold no line break."""
    text = "\n".join(words)
    codes = codes_of(text)
    coarse = _coarse(codes) if leetspeak else codes
    return text_of(coarse[_begins_run(coarse)]).split("\n")


def spells(written: str, word: str, *, stretched: bool) -> bool:
    """Whether `written`, a candidate for `word` by their skeletons, is that word in disguise."""
    letters = sum(map(str.isalpha, written))
    digits = sum(map(str.isdecimal, written))
    if not letters or (digits > letters and len(word) < MANY_DIGITS_FROM):
        return False
    if len(written) == len(word):
        return all(map(_stands_for, written, word))
    runs, wanted = _class_runs(written), _class_runs(word)
    return stretched and len(runs) == len(wanted) and all(map(_stretches, runs, wanted))


def _coarse(written: Codes) -> Codes:
    if written.dtype == np.uint8:
        return np.frombuffer(written.tobytes().translate(_CLASS_BYTES), dtype=np.uint8)
    classes: Codes = _BASIC_CLASSES[np.minimum(written, BASIC - 1)]
    return np.where(written < BASIC, classes, written)


def _begins_run(codes: Codes) -> Mask:
    """Say of each character whether another one stands before it."""
    begins = np.ones(len(codes), dtype=np.bool_)
    begins[1:] = codes[1:] != codes[:-1]
    return begins


def _signs(text: str, written: Codes, coarse: Codes) -> Mask:
    """Say of each character whether it shows that a word is in disguise."""
    signs: Mask = written != coarse
    for letter in _LETTERS:
        signs &= written != letter
    same = written[1:] == written[:-1]
    for place in np.flatnonzero(same[1:] & same[:-1]).tolist():
        if text[place].isalpha():
            signs[place : place + STRETCHED] = True
    return signs


def _class_runs(text: str) -> list[str]:
    return [text[slice(*run.span())] for run in _RUN.finditer(text.translate(_CLASSES))]


def _stands_for(written: str, letter: str) -> bool:
    return written == letter or letter in STAND_INS.get(written, "")


def _stretches(written: str, word: str) -> bool:
    """Whether one run of a class spells the word's run, perhaps with letters repeated."""
    if len(written) == len(word):
        return all(map(_stands_for, written, word))
    if not any(run.end() - run.start() >= STRETCHED for run in _RUN.finditer(written)):
        return False
    at = 0
    for block in _RUN.finditer(word):
        begin = at
        while at < len(written) and _stands_for(written[at], block[1]):
            at += 1
        if at - begin < block.end() - block.start():
            return False
    return at == len(written)
