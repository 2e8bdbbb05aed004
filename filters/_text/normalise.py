"""Bring a text into one plain form, and know where each of its characters came from.

The plain form is decomposed (NFKD), case-folded, without invisible characters and accents, with
look-alikes replaced by the ASCII they pass for and white space as single spaces. It is made for
matching, never for showing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cached_property

import numpy as np

from filters._text.codes import ASCII, Places, codes_of
from filters._text.confusables import look_alike

_REGULAR = re.compile("[!-~\u4e00-\u9fff]+(?: [!-~\u4e00-\u9fff]+)*")
"""Printable ASCII and Han signs with single spaces: nothing to change but the case."""

_DROPPED = bytes(c for c in range(ASCII) if not chr(c).isspace() and not chr(c).isprintable())
_PLAIN = bytes(ord(" " if chr(c).isspace() else chr(c).lower()) for c in range(ASCII)).ljust(256)
"""What each ASCII character becomes, apart from control characters, which are dropped."""

_IS_KEPT = np.array([code not in _DROPPED for code in range(ASCII)])
_IS_SPACE = np.array([chr(code).isspace() for code in range(ASCII)])

_SURROGATE = re.compile("[\ud800-\udfff]")

SHORT = 64
"""Bytes in which a search for two spaces is quicker than arrays are."""

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


class Normalised:
    """A text made from another one, with the place of each character in that one.

    The places are worked out when they are asked for: most texts hold nothing worth a place.
    """

    def __init__(self, text: str, find_places: Callable[[], tuple[Places, Places]]) -> None:
        self.text = text
        self._find_places = find_places

    @cached_property
    def places(self) -> tuple[Places, Places]:
        """Where each character's own begins, and where it ends."""
        return self._find_places()

    @property
    def starts(self) -> Places:
        """Where what each character was made from begins."""
        return self.places[0]

    @property
    def ends(self) -> Places:
        """Where it ends; what was dropped belongs to the character in front of it."""
        return self.places[1]

    def original_range(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters `[start, end)`, at least one, stand in the original."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError("a range needs 0 <= start < end <= length")
        return int(self.starts[start]), int(self.ends[end - 1])


def as_written(text: str) -> Normalised:
    """Return the text itself; unpaired surrogates, which no file holds, as U+FFFD."""
    written = text if text.isascii() else _SURROGATE.sub("\ufffd", text)

    return Normalised(written, lambda: _same_places(text))


def _same_places(text: str) -> tuple[Places, Places]:
    every = np.arange(len(text) + 1)
    return every[:-1], every[1:]


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
    if text.isascii():
        plain = _plain_ascii(text)
        return Normalised(plain, lambda: _ascii_places(text, is_changed=len(plain) != len(text)))
    builder = _Builder()
    at = 0
    for run in _REGULAR.finditer(text):
        builder.add_each(text, at, run.start())
        builder.add_run(run[0].lower(), run.start())
        at = run.end()
    builder.add_each(text, at, len(text))
    return Normalised("".join(builder.pieces), builder.places)


def _plain_ascii(text: str) -> str:
    return single_spaces(text.encode("ascii").translate(_PLAIN, _DROPPED)).decode("ascii")


def single_spaces(text: bytes) -> bytes:
    """Return ASCII with one space wherever there are several."""
    if len(text) < SHORT and b"  " not in text:
        return text  # many words are read one by one at start
    codes = np.frombuffer(text, dtype=np.uint8)
    is_space = codes == ord(" ")
    is_kept = ~(is_space[1:] & is_space[:-1])
    return text if is_kept.all() else text[:1] + codes[1:][is_kept].tobytes()


def _ascii_places(text: str, *, is_changed: bool) -> tuple[Places, Places]:
    """Return where the characters of `_plain_ascii` come from."""
    if not is_changed:
        return _same_places(text)
    codes = codes_of(text)
    kept = np.flatnonzero(_IS_KEPT[codes])
    is_space = _IS_SPACE[codes[kept]]
    is_first = np.ones(len(kept), dtype=np.bool_)
    is_first[1:] = ~(is_space[1:] & is_space[:-1])
    starts = kept[is_first]
    return starts, np.append(starts, len(text))[1:]


class _Builder:
    """Collects the pieces of a plain text and where they came from, run by run."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._places: list[int] = []
        self._lengths: list[int] = []
        self._length = 0
        self._later_ends: dict[int, int] = {}
        """Of characters that take along what followed them and is dropped."""
        self._last = ""

    def places(self) -> tuple[Places, Places]:
        """Return where each character comes from."""
        lengths = np.array(self._lengths, dtype=np.intp)
        before = np.cumsum(lengths) - lengths
        places = np.array(self._places, dtype=np.intp) - before
        starts = np.repeat(places, lengths) + np.arange(self._length)
        ends = starts + 1
        ends[list(self._later_ends)] = list(self._later_ends.values())
        return starts, ends

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
        self.pieces.append(piece)
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
