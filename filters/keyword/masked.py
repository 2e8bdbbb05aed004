"""Find listed words with letters blotted out, as in `f*ck` and `f**k`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import re2

from filters._text.edges import Span
from filters._text.normalise import Normalised

SHORTEST = 4
"""In shorter words too little is left: `a*b` is a product."""

_BLOT = "*#•■█"
_BLOTTED = re.compile(rf"[{_BLOT}]+(?=[^\W_])")
_BLOTTED_ASCII = re2.compile(b"[a-z0-9][*#]+[a-z0-9]")
"""What each blotted word in ASCII holds, said at once for a whole text."""
_MASKED = re.compile(rf"[^\W_]+(?:[{_BLOT}]+[^\W_]+)+")


class MaskedWords:
    """Words in plain form; the first and the last letter must be seen."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words: defaultdict[str, list[str]] = defaultdict(list)
        for word in words:
            if len(word) >= SHORTEST and word.isalpha():
                self._words[_shape(word)].append(word)

    def find(self, plain: Normalised) -> Iterator[Span]:
        """Yield where words stand, in places of the original text."""
        for match in _masked(plain.text):
            if any(_shows(match[0], word) for word in self._words.get(_shape(match[0]), ())):
                yield plain.original_range(*match.span())


def _masked(text: str) -> Iterator[re.Match[str]]:
    """Yield letters and blots between two letters, as far as they go; looks at blots only."""
    if not any(blot in text for blot in _BLOT):
        return
    if text.isascii() and not _BLOTTED_ASCII.search(text.encode("ascii")):
        return
    at = 0
    for blots in _BLOTTED.finditer(text):
        start = blots.start()
        if start < at:
            continue
        while start > at and text[start - 1].isalnum():
            start -= 1
        if match := _MASKED.match(text, start):
            at = match.end()
            yield match


def _shape(word: str) -> str:
    return f"{word[0]}{word[-1]}{len(word)}"


def _shows(masked: str, word: str) -> bool:
    return all(a == b or a in _BLOT for a, b in zip(masked, word, strict=True))
