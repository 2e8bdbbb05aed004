"""Find listed words that are written in disguise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from filters._text.disguise import STAND_INS, Skeleton, skeleton_texts, spells
from filters._text.edges import Edges, Span
from filters._text.normalise import Normalised
from filters._text.readings import is_boundary, spelled_out
from filters.keyword.masked import MaskedWords
from filters.keyword.matcher import Matcher
from filters.keyword.spans import cut_off

SHORTEST = 3
"""Words with fewer letters turn up in disguise by chance."""

_SYMBOLS = "".join(char for char in STAND_INS if not char.isalnum())
_PUNCTUATION = "!|("
"""Symbols that stand in for letters inside a word only: `Hi!!` is no `hill`."""


@dataclass(frozen=True, slots=True)
class Tricks:
    """Which disguises are seen through."""

    leetspeak: bool = True
    stretched: bool = True
    spelled_out: bool = True


ALL_TRICKS = Tricks()


class DisguisedWords:
    """Words in plain form, to be found in leetspeak, stretched or with their letters apart."""

    def __init__(self, words: Collection[str], tricks: Tricks, *, whole_words: bool) -> None:
        self._tricks = tricks
        self._whole = whole_words
        self._masked = MaskedWords(words if tricks.leetspeak else ())
        self._matcher = Matcher(_by_skeleton(words, leetspeak=tricks.leetspeak))

    def find(self, plain: Normalised, edges: Edges) -> Iterator[Span]:
        """Yield where words stand, in places of the original text."""
        if self._tricks.leetspeak or self._tricks.stretched:
            for span in (*self._in_place(plain, edges), *self._masked.find(plain)):
                if edges.keeps(span, plain):
                    yield span
        if self._tricks.spelled_out:
            for span in self._letter_by_letter(plain):
                if edges.keeps(span, plain, margin=4):
                    yield span

    def _in_place(self, plain: Normalised, edges: Edges) -> Iterator[Span]:
        bones = self._skeleton(plain.text)
        if not bones.has_signs:
            return
        for first, last, words in self._candidates(bones, near_signs=True):
            if not bones.is_disguised(first, last):
                continue
            for start, end in _bodies(plain.text, first, last):
                if self._fits(plain.text, start, end, words):
                    yield plain.original_range(start, end)
                    break
        yield from self._cut_off(plain, bones, edges)

    def _letter_by_letter(self, plain: Normalised) -> Iterator[Span]:
        letters = spelled_out(plain)
        if not letters.text:
            return
        for first, last, words in self._candidates(self._skeleton(letters.text)):
            for start, end in ((first, last), (first + 1, last), (first, last - 1)):
                if self._whole and not {start, end} <= letters.borders:
                    continue
                if self._spells_one(letters.text[start:end], words):
                    yield plain.original_range(letters.places[start], letters.places[end - 1] + 1)
                    break

    def _skeleton(self, text: str) -> Skeleton:
        return Skeleton(text, leetspeak=self._tricks.leetspeak)

    def _candidates(
        self, bones: Skeleton, *, near_signs: bool = False
    ) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        near = bones.around_signs(self._matcher.longest) if near_signs else [(0, len(bones.text))]
        for start, end, words in self._matcher.occurrences_within(bones.text, near):
            yield *bones.original_range(start, end), words

    def _fits(self, text: str, start: int, end: int, words: tuple[str, ...]) -> bool:
        if self._whole and not (
            is_boundary(text[start - 1 : start], _as_letter(text[start]))
            and is_boundary(_as_letter(text[end - 1]), text[end : end + 1])
        ):
            return False
        return self._spells_one(text[start:end], words)

    def _spells_one(self, written: str, words: tuple[str, ...]) -> bool:
        return any(spells(written, word, stretched=self._tricks.stretched) for word in words)

    def _cut_off(self, plain: Normalised, bones: Skeleton, edges: Edges) -> Iterator[Span]:
        if edges.right is None:
            return
        places = plain.starts[bones.starts], plain.ends[bones.ends - 1]
        reading = Normalised(bones.text, lambda: places)
        for start, end in cut_off(self._matcher, reading, edges, whole=self._whole):
            if bones.is_disguised(int(np.searchsorted(plain.starts, start))):
                yield start, end


def _has_letters(word: str) -> bool:
    return len(word) >= SHORTEST and (word.isalpha() or sum(map(str.isalpha, word)) >= SHORTEST)


def _by_skeleton(words: Iterable[str], *, leetspeak: bool) -> dict[str, tuple[str, ...]]:
    """Return all words that are long enough, with and without their spaces, by their skeleton."""
    long = dict.fromkeys(filter(_has_letters, words))
    forms = list(long | dict.fromkeys(word.replace(" ", "") for word in long if " " in word))
    found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    if forms:
        for bones, form in zip(skeleton_texts(forms, leetspeak=leetspeak), forms, strict=True):
            found[bones] += (form,)
    return found


def _as_letter(character: str) -> str:
    """Return a letter for a symbol that stands in for one: `@ss` does not begin in `b@ss`."""
    return "a" if character in STAND_INS else character


def _bodies(text: str, start: int, end: int) -> list[Span]:
    """Return a stretch without punctuation at its ends, and without any symbol there."""
    found = dict.fromkeys(
        (end - len(text[start:end].lstrip(symbols)), start + len(text[start:end].rstrip(symbols)))
        for symbols in (_PUNCTUATION, _SYMBOLS)
    )
    return [(first, last) for first, last in found if first < last]
