"""Find listed words and patterns, also where they are written to get past a list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from filters import Canary, Filter, Finding, Item, Options, Range, Unit, in_thread
from filters._text.edges import Edges, merge, unit_for
from filters.keyword.disguised import Tricks
from filters.keyword.patterns import Patterns
from filters.keyword.wordlist import WordList

LONG_TEXT = 4_000
"""Longer texts are searched beside the event loop."""


class KeywordOptions(Options):
    """What the keyword filter looks for."""

    words: tuple[str, ...] = ()
    """Words and phrases. Case, accents, look-alike letters and invisible characters do not
    matter; between the words of a phrase may stand any white space and punctuation, or nothing
    at all in a phrase of eight letters or more."""
    word_files: tuple[Path, ...] = ()
    """UTF-8 files with a word or phrase a line; lines that begin with `#` are comments."""
    patterns: tuple[str, ...] = Field((), max_length=1_000)
    """Regular expressions in RE2 syntax, for the text as written and for its plain form."""
    pattern_width: int | None = Field(None, gt=0)
    """Most characters a pattern is meant to match. Without it, one such as `a.*b`, whose width
    has no bound, makes the filter wait for the whole text."""
    case_sensitive: bool = False
    """Take words and patterns exactly as written: case counts, and no trick is seen through."""
    whole_words: bool = True
    """Do not find words inside longer words."""
    leetspeak: bool = True
    """Find `k1ll` and `k*ll` for `kill`."""
    stretched: bool = True
    """Find `kiiill`: three or more of a letter in a row."""
    spelled_out: bool = True
    """Find `k i l l` and `k.i.l.l`: single letters only."""
    replacement: str | None = None
    """What stands in place of a match when the chain rewrites; else the label in brackets."""
    label: str = Field("keyword", min_length=1, max_length=64)
    """What a match is called in verdicts."""
    unit: Literal["window", "document"] = "window"
    """`document` judges the whole text at once: a stream then waits for its end."""

    @field_validator("words")
    @classmethod
    def _words_are_short(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for number, word in enumerate(words, 1):
            if len(word) > 500:
                raise ValueError(f"word {number} is longer than 500 characters")
        return words


class Keyword(Filter):
    """Scores 1 where a listed word or pattern stands in the text, also in disguise."""

    options_model = KeywordOptions
    unit = Unit.window(768)

    def __init__(self, options: KeywordOptions) -> None:
        super().__init__(options)
        self._label, self._replacement = options.label, options.replacement
        words = [*options.words, *(word for path in options.word_files for word in _read(path))]
        if not words and not options.patterns:
            raise ValueError("the keyword filter needs words, word_files or patterns")
        exact = options.case_sensitive
        tricks = Tricks(options.leetspeak, options.stretched, options.spelled_out)
        self._words = WordList(words, whole_words=options.whole_words, exact=exact, tricks=tricks)
        self._patterns = Patterns(options.patterns, case_sensitive=exact)
        self._example = words[:1]
        self.unit = _unit(options, self._words.reach, self._patterns.width)

    async def check(self, item: Item) -> Finding | None:
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item)
        return self._look(item)

    def canaries(self) -> Sequence[Canary]:
        return [*(Canary(word, bad=True) for word in self._example), Canary(".", bad=False)]

    def _look(self, item: Item) -> Finding | None:
        edges = Edges.of(item)
        found = merge([*self._words.find(item.text, edges), *self._patterns.find(item.text, edges)])
        if not found:
            return None
        ranges = (Range(a, b, self._label, replacement=self._replacement) for a, b in found)
        return Finding(1.0, self._label, tuple(ranges))


def _unit(options: KeywordOptions, reach: int, width: int) -> Unit:
    """Return the smallest window whose overlap holds the longest match and what is around it."""
    if options.unit == "document":
        return Unit.document()
    return unit_for(max(reach, 2 * (options.pattern_width or width)))


def _read(path: Path) -> list[str]:
    """Return the words of a file.

    Raises:
        ValueError: it cannot be read or is not UTF-8.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the word file {path} cannot be read: {error}") from error
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
