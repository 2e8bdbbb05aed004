"""Further ways to read a plain text: as bare words, as spelled-out letters, as hidden tags."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import re2

from filters._text.codes import ASCII, Codes, Mask, Places, codes_of, text_of, word_mask
from filters._text.normalise import Normalised, normalise, single_spaces

_BARE = bytes(code if chr(code).isalnum() else ord(" ") for code in range(ASCII)).ljust(256)

_UNIT = r"(?:[^\W_]|[@$])"
_GAP = r"(?:[^\w@$]|_)"
_LETTER = re.compile(_UNIT)
WIDEST_GAP = 3
"""Characters between two letters of a word that is spelled out."""

_SPELLED_OUT = re.compile(rf"(?<![^\W_]){_UNIT}(?:{_GAP}{{1,{WIDEST_GAP}}}{_UNIT}){{2,}}(?![^\W_])")
"""Three or more single letters with gaps between them: `k i l l`, `k.i.l.l`, `k - i - l - l`."""

_THREE_APART = re2.compile(
    rf"(?i)[^a-z0-9][a-z0-9@$](?:[^a-z0-9@$]{{1,{WIDEST_GAP}}}[a-z0-9@$]){{2}}(?:$|[^a-z0-9])".encode()
)
"""What each group in ASCII begins with, and what stands before it. Of bytes, because in a string
the search would first count characters."""

_STEPS = np.arange(2, WIDEST_GAP + 2)[:, np.newaxis]
"""How far from a letter the next one of its group may stand."""

_SHORT_WORDS = frozenset("aiu")
"""Letters that are words: `can I k i l l a man` holds `k i l l` between two of them."""

_TAGS = re.compile("[\U000e0020-\U000e007e]{3,}")


def is_word(character: str) -> bool:
    """Whether a character is part of a word: a letter, a digit or a mark on one."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def is_boundary(before: str, after: str) -> bool:
    """Whether a word can end between two characters; empty is the end of the text."""
    if not (before and after and is_word(before) and is_word(after)):
        return True
    return _writes_no_spaces(before) or _writes_no_spaces(after)


def _writes_no_spaces(character: str) -> bool:
    """Whether words of the character's script follow each other without a space."""
    code = ord(character)
    return code >= 0x0E00 and (
        code < 0x10A0  # Thai, Lao, Tibetan, Myanmar
        or 0x1100 <= code < 0x1200  # Korean, decomposed: particles hang on to words
        or 0x1780 <= code < 0x1800  # Khmer
        or 0x2E80 <= code < 0xA000  # Chinese, Japanese
        or 0x20000 <= code < 0x40000
    )


def bare_words(plain: Normalised) -> Normalised:
    """Return the words of a plain text with one space for whatever stands between or after them."""
    if plain.text.isascii():
        spaced = plain.text.encode("ascii").translate(_BARE)
        text = single_spaces(spaced).lstrip(b" ").decode("ascii")
        return Normalised(text, lambda: _bare_places(plain, _kept(plain.text)[1]))
    codes, kept = _kept(plain.text)
    return Normalised(text_of(codes[kept]), lambda: _bare_places(plain, kept))


def _kept(text: str) -> tuple[Codes, Places]:
    """Return a text's codes, spaces for all but words, and which to keep: the first space of each."""
    codes = codes_of(text)
    is_word = word_mask(text, codes)
    is_kept = is_word.copy()
    is_kept[1:] |= is_word[:-1]
    return np.where(is_word, codes, codes.dtype.type(ord(" "))), np.flatnonzero(is_kept)


def _bare_places(plain: Normalised, kept: Places) -> tuple[Places, Places]:
    lasts = np.append(kept, len(plain.text))[1:] - 1
    return plain.starts[kept], plain.ends[lasts]


@dataclass(frozen=True, slots=True)
class SpelledOut:
    """The letters of all spelled-out groups of a text; groups stand apart by a line break."""

    text: str
    places: list[int]
    """Where each letter stands in the plain text."""
    borders: frozenset[int]
    """Positions in `text` where a word can begin or end."""


def spelled_out(plain: Normalised) -> SpelledOut:
    """Join letters that are written apart."""
    places: list[int] = []
    borders: set[int] = set()
    for group in spelled_out_places(plain.text):
        borders.update(len(places) + border for border in _borders(plain, group))
        places += [*group, -1]
    text = "".join("\n" if place < 0 else plain.text[place] for place in places)
    return SpelledOut(text, places, frozenset(borders))


def spelled_out_places(text: str) -> list[list[int]]:
    """Return where the letters of each spelled-out group stand."""
    groups = _groups_in_ascii(text) if text.isascii() else _groups(text)
    return [
        [group.start() + letter.start() for letter in _LETTER.finditer(group[0])]
        for group in groups
    ]


def _groups_in_ascii(text: str) -> Iterator[re.Match[str]]:
    written = f" {text}".encode("ascii")
    at = 0
    while found := _THREE_APART.search(written, at):
        group = _SPELLED_OUT.match(text, found.start())
        at = group.end() if group else found.end()
        if group:
            yield group


def _groups(text: str) -> Iterator[re.Match[str]]:
    at = 0
    for start in _beginnings(text):
        if start >= at and (group := _SPELLED_OUT.match(text, start)):
            at = group.end()
            yield group


def _beginnings(text: str) -> list[int]:
    """Return where three letters stand apart, as at the beginning of each group."""
    around = " " * (WIDEST_GAP + 2)  # so that no place has neighbours outside
    padded = f"{around}{text}{around}"
    codes = codes_of(padded)
    is_word = word_mask(padded, codes)
    is_unit = is_word | (codes == ord("@")) | (codes == ord("$"))
    second = np.flatnonzero(is_unit[1:-1] > (is_unit[:-2] | is_unit[2:])) + 1
    first, third = _nearest(is_unit, second, -1), _nearest(is_unit, second, 1)
    is_group = (first != second) & (second != third) & ~(is_word[first - 1] | is_word[third + 1])
    found: list[int] = (first[is_group] - len(around)).tolist()
    return found


def _nearest(is_unit: Mask, places: Places, step: int) -> Places:
    """Return the unit behind or in front of each place, or the place where it is too far away."""
    there = is_unit[places + step * _STEPS]
    nearest: Places = places + step * np.where(there.any(axis=0), there.argmax(axis=0) + 2, 0)
    return nearest


def _borders(plain: Normalised, group: list[int]) -> set[int]:
    """Return where words may begin or end among a group's letters."""
    last = len(group)
    borders = {0, last}
    if plain.text[group[0]] in _SHORT_WORDS:
        borders.add(1)
    if plain.text[group[-1]] in _SHORT_WORDS:
        borders.add(last - 1)
    gaps = [int(plain.starts[b] - plain.ends[a]) for a, b in pairwise(group)]
    narrow = min(gaps)
    return borders | {number for number, gap in enumerate(gaps, 1) if gap > narrow}


def hidden_tags(text: str) -> Normalised | None:
    """Return what invisible tag characters spell in ASCII; models may read them."""
    if text.isascii():
        return None
    found = [place for run in _TAGS.finditer(text) for place in range(*run.span())]
    if not found:
        return None
    plain = normalise("".join(chr(ord(text[place]) - 0xE0000) for place in found))
    places = np.array(found)
    return Normalised(plain.text, lambda: (places[plain.starts], places[plain.ends - 1] + 1))
