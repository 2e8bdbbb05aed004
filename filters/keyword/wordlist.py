"""Find many words and phrases at once, also in disguise, in time linear in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product
from operator import add

from filters._text.codes import around
from filters._text.edges import NO_EDGES, Edges, Span
from filters._text.normalise import Normalised, as_written, normalise
from filters._text.readings import bare_words, hidden_tags
from filters.keyword.disguised import ALL_TRICKS, DisguisedWords, Tricks
from filters.keyword.first_words import SHORTEST_TEXT, FirstWords
from filters.keyword.matcher import Matcher
from filters.keyword.spans import cut_off, is_whole

SPELLED_OUT_FACTOR = 4
"""A letter and the three characters that may stand between it and the next."""

PADDING = 16
"""White space and invisible characters that a match may hold before it counts as padded."""

SHORTEST_JOINED = 8
"""A phrase with fewer letters is not sought as one word: by chance it might be another."""

MOST_WORDS = 5
"""In a longer phrase either all spaces are left out or none."""

_FILLERS = "\u115f\u1160\u3164\uffa0"
"""Letters without a shape. Inside a word they are invisible, between two they are a space."""

_FILLER = re.compile(f"[{_FILLERS}]")
_WORD = re.compile(r"[^\W_]+")
_BARE = re.compile(r"[^\W_]+(?:[ \-'_.]+[^\W_]+)*")
"""Words that punctuation only parts; they are found whatever stands between them."""


class WordList:
    """Words and phrases, ready to be looked for.

    Raises:
        ValueError: a word holds nothing visible.
    """

    def __init__(
        self,
        words: Iterable[str],
        *,
        whole_words: bool = True,
        exact: bool = False,
        tricks: Tricks = ALL_TRICKS,
    ) -> None:
        self._whole = whole_words
        self._exact = exact
        bare: dict[str, None] = {}
        literal: dict[str, None] = {}
        for number, word in enumerate(words, 1):
            for form in {as_written(word).text} if exact else _plain_forms(word, number):
                if not exact and form.isalnum():
                    bare[form] = None
                elif not exact and _BARE.fullmatch(form):
                    for spelling in _spacings(_WORD.findall(form)):
                        bare[spelling] = None
                else:
                    literal[form] = None
        self._bare = Matcher(bare)
        is_quick = self._bare.is_table or not whole_words
        self._first_words = None if is_quick else FirstWords(bare)
        self._literal = Matcher(literal)
        self._longest = max(self._bare.longest, self._literal.longest)
        self._may_grow = tricks.spelled_out or tricks.stretched
        disguised = () if exact else (*bare, *literal)
        self._disguised = DisguisedWords(disguised, tricks, whole_words=whole_words)

    @property
    def reach(self) -> int:
        """Most characters of a text that one match takes up, unless it was padded."""
        if self._exact:
            return self._longest
        return (SPELLED_OUT_FACTOR if self._may_grow else 1) * self._longest + PADDING

    def find(self, text: str, edges: Edges = NO_EDGES) -> Iterator[Span]:
        """Yield where words stand in `text`, in no order; stretches may overlap."""
        yield from self._find(text, edges)
        if not self._exact and any(filler in text for filler in _FILLERS):
            yield from self._find(_FILLER.sub(" ", text), edges)

    def _find(self, text: str, edges: Edges) -> Iterator[Span]:
        plain = as_written(text) if self._exact else normalise(text)
        if plain.text and self._longest:
            for matcher, reading in (self._bare, bare_words(plain)), (self._literal, plain):
                spans = self._scan(matcher, reading)
                yield from (span for span in spans if edges.keeps(span, plain))
                yield from cut_off(matcher, reading, edges, whole=self._whole)
            yield from self._disguised.find(plain, edges)
        if not self._exact and (tags := hidden_tags(text)):
            yield from self._scan(self._bare, bare_words(tags))

    def _scan(self, matcher: Matcher[None], reading: Normalised) -> Iterator[Span]:
        for start, end, _ in self._occurrences(matcher, reading.text):
            if not self._whole or is_whole(reading.text, start, end):
                yield reading.original_range(start, end)

    def _occurrences(self, matcher: Matcher[None], text: str) -> Iterator[tuple[int, int, None]]:
        known = self._first_words if matcher is self._bare else None
        if known is None or len(text) < SHORTEST_TEXT or not text.isascii():
            return matcher.occurrences(text)
        return matcher.occurrences_within(text, around(known.places(text), 0, matcher.longest))


def _spacings(words: list[str]) -> Iterator[str]:
    """Yield a phrase with its spaces and, if it is long enough, without some or all of them."""
    spaced, joined = " ".join(words), "".join(words)
    yield spaced
    if len(words) > 1 and len(joined) >= SHORTEST_JOINED:
        yield joined
        if 2 < len(words) <= MOST_WORDS:
            for gaps in product(("", " "), repeat=len(words) - 1):
                yield words[0] + "".join(map(add, gaps, words[1:]))


def _plain_forms(word: str, number: int) -> set[str]:
    """Return the plain forms of a word as it may be written, in any case.

    Some capitals look like another letter than their small form does, so they count apart.
    """
    if word.isascii() and word.isprintable() and "  " not in word and (form := word.strip()):
        return {form.lower()}
    variants = {word} if word.isascii() else {word, word.lower(), word.upper(), word.title()}
    forms = {normalise(variant).text.strip() for variant in variants}
    if "" in forms:
        raise ValueError(f"word {number} holds no visible character")
    return forms
