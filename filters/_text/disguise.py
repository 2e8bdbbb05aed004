"""Recognise a word under leetspeak (`k1ll`), and with stretched letters (`kiiill`).

A word and a text are brought to one skeleton, in which a letter, its stand-ins and their
repetitions are the same character. Equal skeletons only make a candidate: `spells` then looks
at the letters one by one, so that `fall` never passes for `fail`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
_RUN = re.compile(r"(.)\1*", re.DOTALL)
_REPEATS = re.compile(r"(.)\1+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The skeleton of a plain text, with the place of each of its characters in that one."""

    text: str
    starts: list[int]
    ends: list[int]
    signs: list[int]
    """How many signs of a disguise stand before each place of the plain text."""

    def is_disguised(self, start: int, end: int | None = None) -> bool:
        """Whether a stretch of the plain text bears a sign of a disguise."""
        return self.signs[-1 if end is None else end] > self.signs[start]


def skeleton(text: str, *, leetspeak: bool) -> Skeleton:
    """Return the skeleton of a plain text; takes linear time."""
    written = _codes(text)
    coarse = _codes(text.translate(_CLASSES)) if leetspeak else written
    starts, ends = _runs_of(coarse)
    signs = (written != coarse) & ~np.isin(written, _LETTERS)
    for start, end in _long_runs(written):
        if text[start].isalpha():
            signs[start:end] = True
    bones = coarse[starts].tobytes().decode("utf-32-le")
    return Skeleton(bones, starts.tolist(), ends.tolist(), [0, *np.cumsum(signs).tolist()])


def skeleton_text(word: str, *, leetspeak: bool) -> str:
    """Return the skeleton's text alone."""
    return _REPEATS.sub(r"\1", word.translate(_CLASSES) if leetspeak else word)


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


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def _runs_of(codes: NDArray[np.uint32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    return np.concatenate(([0], changes)), np.concatenate((changes, [len(codes)]))


def _long_runs(codes: NDArray[np.uint32]) -> Iterator[tuple[int, int]]:
    starts, ends = _runs_of(codes)
    for run in np.flatnonzero(ends - starts >= STRETCHED):
        yield int(starts[run]), int(ends[run])


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
