"""Find text that goes round in circles, as generators do when they run away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from filters import Canary, Filter, Finding, Item, Options, Range, Unit, in_thread

NGRAM = 3
"""Tokens in a row that must be the same for a text to be in step with itself."""

LONGEST_WORD = 24
"""Longer words are read letter by letter, as are the words of scripts without spaces."""

LONG_TEXT = 4_000
"""Longer texts are read beside the event loop."""

_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")


class RepetitionOptions(Options):
    """What counts as going round in circles."""

    min_repeats: int = Field(5, ge=3, le=100)
    """How often the same must stand in a row."""
    min_characters: int = Field(60, ge=10)
    """How much text the repeats must fill: `no no no no no` is no loop yet."""
    period: int = Field(240, ge=10, le=2_000)
    """Most characters of what is repeated: a word, a sentence, a few lines. The filter sees windows
    of `period` times `min_repeats` + 1, and a stream waits for each."""
    unit: Literal["window", "document"] = "window"
    """`document` judges the whole text at once, and finds a `period` of any length."""


class Repetition(Filter):
    """Scores text that repeats itself: 0.5 at `min_repeats` in a row, towards 1 as it goes on."""

    options_model = RepetitionOptions
    options: RepetitionOptions

    def __init__(self, options: RepetitionOptions) -> None:
        super().__init__(options)
        size = (options.min_repeats + 1) * options.period
        self.unit = Unit.window(size) if options.unit == "window" else Unit.document()

    async def check(self, item: Item) -> Finding | None:
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item.text)
        return self._look(item.text)

    def canaries(self) -> Sequence[Canary]:
        loop = "We go on and on. " * (self.options.min_repeats + 3)
        long = loop * (self.options.min_characters // len(loop) + 1)
        good = "The gate opens at nine, the office at ten, and the shop a little later."
        return [Canary(long, bad=True), Canary(good, bad=False)]

    def _look(self, text: str) -> Finding | None:
        words = _words(text)
        loops = [
            (first, last, period)
            for first, last, period in _loops(words)
            if last - first >= period * self.options.min_repeats
        ]
        if not loops:
            return None
        tokens = list(_tokens(text))
        ranges = tuple(found for loop in loops if (found := self._range(loop, words, tokens)))
        return Finding(max(r.score for r in ranges), "repetition", ranges) if ranges else None

    def _range(
        self, loop: tuple[int, int, int], words: Sequence[str], tokens: Sequence[tuple[int, int]]
    ) -> Range | None:
        """Return what comes after the first time, or None where the loop is none to speak of."""
        first, last, period = loop
        # The first time begins with a word: the full stop before it belongs to what went before.
        lead = next((skip for skip in range(period) if words[first + skip].isalnum()), None)
        if lead is None:
            return None  # rules and the lines of tables: -----, |---|---|
        end = tokens[last - 1][1]
        if end - tokens[first][0] < self.options.min_characters:
            return None
        score = 1 - 0.5 * self.options.min_repeats * period / (last - first)
        again = tokens[first + lead + period - 1][1]
        return Range(again, end, "repetition", score, replacement="")


def _words(text: str) -> list[str]:
    """Return words and signs, in no case."""
    if text.isascii():
        words: list[str] = _TOKEN.findall(text.lower())
        if max(map(len, words), default=0) <= LONGEST_WORD:
            return words
    return [text[start:end].casefold() for start, end in _tokens(text)]


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    """Yield where words and signs stand; letters, where words are endless."""
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        if end - start > LONGEST_WORD or (end - start > 1 and text[start] >= "\u0e00"):
            yield from ((place, place + 1) for place in range(start, end))
        else:
            yield start, end


def _loops(words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield first token, end and period of each stretch that repeats one period over and over.

    One pass: each group of tokens looks up where it stood last, and the text is in step with
    itself as long as the groups equal those equally far back.
    """
    groups = list(zip(*(words[skip:] for skip in range(NGRAM)), strict=False))
    last_seen: dict[tuple[str, ...], int] = {}
    begin, period = 0, 0
    for place, group in enumerate(groups):
        before = last_seen.get(group)
        last_seen[group] = place
        if (period and groups[place - period] == group) or (before is None and not period):
            continue
        if period:
            yield begin, place + NGRAM - 1, period
        period = 0 if before is None else place - before
        begin = place - period
    if period:
        yield begin, len(words), period
