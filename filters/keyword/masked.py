"""Find listed words with letters blotted out, as in `f*ck` and `f**k`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from filters._text.edges import Span
from filters._text.normalise import Normalised

SHORTEST = 4
"""In shorter words too little is left: `a*b` is a product."""

_BLOT = "*#•■█"
_MASKED = re.compile(rf"(?<![^\W_])[^\W_]+(?:[{_BLOT}]+[^\W_]+)+(?![^\W_])")


class MaskedWords:
    """Words in plain form; the first and the last letter must be seen."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words: defaultdict[tuple[int, str, str], list[str]] = defaultdict(list)
        for word in words:
            if len(word) >= SHORTEST and word.isalpha():
                self._words[_shape(word)].append(word)

    def find(self, plain: Normalised) -> Iterator[Span]:
        """Yield where words stand, in places of the original text."""
        for match in _MASKED.finditer(plain.text):
            if any(_shows(match[0], word) for word in self._words.get(_shape(match[0]), ())):
                yield plain.original_range(*match.span())


def _shape(word: str) -> tuple[int, str, str]:
    return len(word), word[0], word[-1]


def _shows(masked: str, word: str) -> bool:
    return all(a == b or a in _BLOT for a, b in zip(masked, word, strict=True))
