"""Hold texts to a length, in characters or tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from pydantic import Field
from tokenizers import Tokenizer

from filters import Canary, Filter, Finding, Item, Options, Range, Unit, in_thread

WINDOW = 480
"""A limit on characters alone is watched in windows, so that a stream need not wait."""

LONG_TEXT = 4_000
"""Longer texts are counted beside the event loop."""

Counter = Callable[[str], list[int]]
"""Gives where each token of a text ends."""

_PART = re.compile(r"[^\W\d_]+|\d+|[^\w\s]+|_+|\n+")


class LengthOptions(Options):
    """Which lengths are right; at least one limit is needed."""

    max_characters: int | None = Field(None, ge=1)
    """Most characters (Unicode code points) of a text."""
    min_characters: int | None = Field(None, ge=1)
    """Fewest characters, without the white space around a text; it then waits for its end. An
    empty text is never judged."""
    max_tokens: int | None = Field(None, ge=1)
    """Most tokens; a text then waits for its end."""
    tokenizer: Path | None = None
    """A model's `tokenizer.json`, to count tokens as that model does. Without it they are
    estimated: a tenth off in English and code, up to twice as many or few in other languages."""


class Length(Filter):
    """Scores 1 where a text is longer or shorter than it may be; a rewrite cuts what is too much."""

    options_model = LengthOptions
    options: LengthOptions

    def __init__(self, options: LengthOptions) -> None:
        super().__init__(options)
        low, high = options.min_characters, options.max_characters
        if not (low or high or options.max_tokens):
            raise ValueError("the length filter needs max_characters, min_characters or max_tokens")
        if low and high and low > high:
            raise ValueError("min_characters is more than max_characters")
        if options.tokenizer and not options.max_tokens:
            raise ValueError("tokenizer: it counts for max_tokens, which is not set")
        self._token_ends = _counter(options.tokenizer)
        self.unit = Unit.window(WINDOW)
        if low or options.max_tokens:
            self.unit = Unit.document(blank=bool(low))

    async def check(self, item: Item) -> Finding | None:
        if self.unit.kind == "window":
            return self._finding(item.text, self._over_characters(item.text, item.start))
        if self.options.min_characters and len(item.text) < self.options.min_characters:
            whole = (Range(0, len(item.text), "too_short"),) if item.text else ()
            return Finding(1.0, "too_short", whole)
        cuts = [self._over_characters(item.text, 0), await self._over_tokens(item.text)]
        return self._finding(item.text, min((cut for cut in cuts if cut is not None), default=None))

    def canaries(self) -> Sequence[Canary]:
        low, high, tokens = (
            self.options.min_characters or 1,
            self.options.max_characters,
            self.options.max_tokens,
        )
        found = []
        if high and high < WINDOW:
            found = [Canary("a" * (high + 1), bad=True), Canary("a" * high, bad=False)]
        elif low > 1:
            found = [Canary("a" * (low - 1), bad=True)]
        elif tokens and tokens <= LONG_TEXT:
            found = [Canary("a. " * (tokens + 1), bad=True)]
        return found

    def _over_characters(self, text: str, start: int) -> int | None:
        """Return from where on a text that begins at `start` of the whole is too much."""
        limit = self.options.max_characters
        if limit is None or start + len(text) <= limit:
            return None
        return max(0, limit - start)

    async def _over_tokens(self, text: str) -> int | None:
        limit = self.options.max_tokens
        if limit is None:
            return None
        long = len(text) > LONG_TEXT
        ends = await in_thread(self._token_ends, text) if long else self._token_ends(text)
        return ends[limit - 1] if len(ends) > limit else None

    def _finding(self, text: str, cut: int | None) -> Finding | None:
        if cut is None:
            return None
        cut = min(cut, len(text) - 1)  # a last token may take up no room of its own
        return Finding(1.0, "too_long", (Range(cut, len(text), "too_long", replacement=""),))


def _counter(path: Path | None) -> Counter:
    """Return what finds a text's tokens: a model's tokenizer, or the estimate.

    Raises:
        ValueError: the file is no tokenizer.
    """
    if path is None:
        return lambda text: list(_estimated_ends(text))
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:
        raise ValueError(f"the tokenizer {path} cannot be read: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def ends(text: str) -> list[int]:
        plain = text.encode("utf-8", "replace").decode()  # a lone surrogate has no bytes
        offsets = tokenizer.encode(plain, add_special_tokens=False).offsets
        # Some tokenizers give a character's bytes apart, or leave white space to the next token.
        return list(accumulate((end for _, end in offsets), max))

    return ends


def _estimated_ends(text: str) -> Iterator[int]:
    """Yield about where the tokens of byte-pair encodings end."""
    for part in _PART.finditer(text):
        size = _characters_a_token(part[0])
        yield from range(part.start() + size, part.end(), size)
        yield part.end()


def _characters_a_token(part: str) -> int:
    first = part[0]
    if first == "\n":
        return len(part)
    if not part.isascii():
        # Han, kana and Hangul have about a token a character, as have symbols and emoji.
        return 2 if first.isalpha() and first < "\u2e80" else 1
    if first.isalpha():
        return 8 if len(part) <= 8 else 5
    return 3 if first.isdigit() else 2
