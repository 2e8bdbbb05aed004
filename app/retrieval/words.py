"""The words that the lexical half of the index counts."""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

from bm25s.stopwords import STOPWORDS_EN_PLUS
from Stemmer import Stemmer

_WORD = re.compile(r"\w+(?:[./:@+-]\w+)*")
_SEAMS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_STOP_WORDS = frozenset(STOPWORDS_EN_PLUS)


def index_words(text: str) -> list[str]:
    """Return a text's words: lower case, no accents, no stop words, English endings cut off.

    A compound such as `PENSTOCK_HOME`, `penstock.toml` or `SourceStore` counts as a whole and
    by its parts, so that it is found by either.
    """
    found = _WORD.findall(_without_accents(text))
    parts = [_SEAMS.split(word) for word in found]
    wholes = [word.lower() for word, split in zip(found, parts, strict=True) if len(split) > 1]
    words = [part.lower() for part in chain.from_iterable(parts)]
    stemmer = Stemmer("english")  # holds state, so threads must not share one
    stems: list[str] = stemmer.stemWords([w for w in words if w and w not in _STOP_WORDS])
    return wholes + stems


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    letters = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
