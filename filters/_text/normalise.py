"""Bring a text into one plain form, and know where each of its characters came from.

The plain form is decomposed (NFKD), case-folded, without invisible characters and accents, with
look-alikes replaced by the ASCII they pass for and white space as single spaces. It is made for
matching, never for showing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from filters._text.codes import Places
from filters._text.confusables import look_alike

_REGULAR = re.compile(r"[!-~]+(?: [!-~]+)*")
"""Printable ASCII with single spaces: nothing to change but the case."""

_PRINTABLE = bytes(range(ord(" "), ord("~") + 1))

_SURROGATE = re.compile("[\ud800-\udfff]")

_INVISIBLE = frozenset(
    [*"\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0", *map(chr, range(0x180B, 0x1810))]
    + [chr(code) for code in range(0xFE00, 0xFE10)]
    + [chr(code) for code in range(0xFFF0, 0xFFF9)]
    + [chr(code) for code in range(0xE0000, 0xE1000)]
    + [chr(0x2065)]
)
"""Default-ignorable code points that are not of category Cf."""

_KEPT_MARKS_FROM = 0x0900
"""From here on, marks that belong to one script spell its vowels; before it they decorate."""


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """A text made from another one, with the place of each character in that one."""

    text: str
    starts: Places
    ends: Places

    def original_range(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters `[start, end)`, at least one, stand in the original."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError("a range needs 0 <= start < end <= length")
        return int(self.starts[start]), int(self.ends[end - 1])


def as_written(text: str) -> Normalised:
    """Return the text itself; unpaired surrogates, which no file holds, as U+FFFD."""
    places = np.arange(len(text) + 1)
    return Normalised(_SURROGATE.sub("\ufffd", text), places[:-1], places[1:])


class _Folds(dict[str, str]):
    """What each character becomes alone; filled as characters turn up."""

    limit = 50_000
    """Entries kept: a text of rare characters must not make it grow for ever."""

    def __missing__(self, character: str) -> str:
        if len(self) >= self.limit:
            self.clear()
        folded = self[character] = _fold(character)
        return folded


_folds = _Folds()


def normalise(text: str) -> Normalised:
    """Return the plain form of `text`; takes time linear in its length."""
    if _is_regular(text):
        return as_written(text.lower())
    builder = _Builder()
    at = 0
    for run in _REGULAR.finditer(text):
        builder.add_each(text, at, run.start())
        builder.add_run(run[0].lower(), run.start())
        at = run.end()
    builder.add_each(text, at, len(text))
    return builder.build()


def _is_regular(text: str) -> bool:
    """Whether `_REGULAR` matches all of a text, which takes it ten times as long to say."""
    return (
        text.isascii()
        and "  " not in text
        and text[:1] not in ("", " ")
        and text[-1] != " "
        and not text.encode("ascii").translate(None, _PRINTABLE)
    )


class _Builder:
    """Collects the pieces of a plain text and where they came from, run by run."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._places: list[int] = []
        self._lengths: list[int] = []
        self._length = 0
        self._later_ends: dict[int, int] = {}
        """Of characters that take along what followed them and is dropped."""
        self._last = ""

    def build(self) -> Normalised:
        """Return the plain text with the place of each of its characters."""
        lengths = np.array(self._lengths, dtype=np.intp)
        before = np.cumsum(lengths) - lengths
        places = np.array(self._places, dtype=np.intp) - before
        starts = np.repeat(places, lengths) + np.arange(self._length)
        ends = starts + 1
        ends[list(self._later_ends)] = list(self._later_ends.values())
        return Normalised("".join(self._pieces), starts, ends)

    def add_run(self, run: str, start: int) -> None:
        """Append characters that stay one to one."""
        self._add(run, start, len(run))

    def add_each(self, text: str, start: int, end: int) -> None:
        """Append characters one by one, each as what it becomes."""
        for place in range(start, end):
            piece = _folds[text[place]]
            if not piece or self._is_swallowed(piece):
                if self._length:
                    self._later_ends[self._length - 1] = place + 1
                continue
            for character in piece:
                self._add(character, place, 1)

    def _add(self, piece: str, place: int, length: int) -> None:
        self._pieces.append(piece)
        self._places.append(place)
        self._lengths.append(length)
        self._length += length
        self._last = piece[-1]

    def _is_swallowed(self, piece: str) -> bool:
        """Whether it is a second space, or a foreign script's mark on a Latin letter."""
        if piece == " ":
            return self._last == " "
        return piece > "\u02ff" and self._last.isascii() and unicodedata.category(piece[0]) == "Mn"


def _fold(character: str) -> str:
    if character.isspace():
        return " "
    whole = look_alike(character)
    if whole != character:
        return whole
    folded = "".join(map(_fold_part, unicodedata.normalize("NFKD", character)))
    return "".join(folded.split())


def _fold_part(character: str) -> str:
    if _is_dropped(character):
        return ""
    plain = look_alike(character)
    if plain != character:
        return plain
    parts = unicodedata.normalize("NFKD", character.casefold())
    return "".join(look_alike(part) for part in parts if not _is_dropped(part))


def _is_dropped(character: str) -> bool:
    category = unicodedata.category(character)
    if category in ("Cf", "Cc", "Cs", "Me") or character in _INVISIBLE:
        return True
    if category != "Mn":
        return False
    if ord(character) < _KEPT_MARKS_FROM:
        return unicodedata.combining(character) != 0
    return unicodedata.name(character, "").startswith("COMBINING ") and character not in _KANA


_KANA = "\u3099\u309a"
"""Voicing marks: in Japanese they make another letter."""
