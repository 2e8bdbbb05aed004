"""Further ways to read a plain text: as bare words, as spelled-out letters, as hidden tags."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from filters._text.normalise import Normalised, normalise

_WORD = re.compile(r"[^\W_]+")

_UNIT = r"(?:[^\W_]|[@$])"
_GAP = r"(?:[^\w@$]|_)"
_SPELLED_OUT = re.compile(rf"(?<![^\W_]){_UNIT}(?:{_GAP}{{1,3}}{_UNIT}){{2,}}(?![^\W_])")
"""Three or more single letters with gaps between them: `k i l l`, `k.i.l.l`, `k - i - l - l`."""

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
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for word in [*_WORD.finditer(plain.text), None]:
        begin = word.start() if word else len(plain.text)
        if begin > at and pieces:
            pieces.append(" ")
            starts.append(plain.starts[at])
            ends.append(plain.ends[begin - 1])
        if word:
            at = word.end()
            pieces.append(word[0])
            starts += plain.starts[begin:at]
            ends += plain.ends[begin:at]
    return Normalised("".join(pieces), starts, ends)


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
    return [
        [group.start() + letter.start() for letter in re.finditer(_UNIT, group[0])]
        for group in _SPELLED_OUT.finditer(text)
    ]


def _borders(plain: Normalised, group: list[int]) -> set[int]:
    """Return where words may begin or end among a group's letters."""
    last = len(group)
    borders = {0, last}
    if plain.text[group[0]] in _SHORT_WORDS:
        borders.add(1)
    if plain.text[group[-1]] in _SHORT_WORDS:
        borders.add(last - 1)
    gaps = [plain.starts[b] - plain.ends[a] for a, b in pairwise(group)]
    narrow = min(gaps)
    return borders | {number for number, gap in enumerate(gaps, 1) if gap > narrow}


def hidden_tags(text: str) -> Normalised | None:
    """Return what invisible tag characters spell in ASCII; models may read them."""
    places = [place for run in _TAGS.finditer(text) for place in range(*run.span())]
    if not places:
        return None
    plain = normalise("".join(chr(ord(text[place]) - 0xE0000) for place in places))
    starts = [places[start] for start in plain.starts]
    return Normalised(plain.text, starts, [places[end - 1] + 1 for end in plain.ends])
