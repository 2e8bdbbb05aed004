"""Text to windows of token ids that a graph can read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tokenizers import Tokenizer

from app.bundles import Bundle
from app.bundles.manifest import TOKENIZER
from app.encoder.frames import Ids, Window, pair_frame, single_frame
from app.encoder.memo import current_memo
from app.errors import BundleError

OVERLAP = 4
"""Neighbouring windows share a quarter of their tokens."""
LONG_CHARS = 2_000
"""From this length on tokenising leaves the event loop; below, it takes less than 0.5 ms."""

SURROGATES = re.compile("[\ud800-\udfff]")

Text = str | tuple[str, str]
AnyText = TypeVar("AnyText", bound=Text)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PlacedWindow:
    """A window of one text that knows which tokens it holds."""

    window: Window
    first: int
    """Which of the text's tokens is the first one here."""
    before: int
    """Special tokens in front of it."""
    size: int
    """Tokens of the text in the window."""


class Tokens:
    """A bundle's tokenizer and the size of its graph's windows.

    Raises:
        BundleError: `tokenizer.json` cannot be read or does not fit windows of this size.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.tokenizer = open_tokenizer(bundle)
        self._digest = bundle.manifest.files[TOKENIZER].sha256
        self.max_tokens = bundle.manifest.max_tokens
        try:
            self._single, self._pair = single_frame(self.tokenizer), pair_frame(self.tokenizer)
        except BundleError as error:
            raise BundleError(f"bundle {bundle.reference}: {error.message}") from error
        if self.max_tokens < max(self._single.size, self._pair.size) + 4:
            raise BundleError(f"bundle {bundle.reference}: max_tokens is too small to read text")

    def windows(self, text: Text) -> list[Window]:
        """Cut a text, or a pair of texts, into overlapping windows; short ones give one.

        Of a pair the first text slides past the second. A second text that takes more than half
        of a window is cut as well, and each of its pieces meets each piece of the first.
        """
        if isinstance(text, tuple):
            return self._pair_windows(*map(self.ids, text))
        room = self.max_tokens - self._single.size
        return [self._single.around(piece) for _, piece in _pieces(self.ids(text), room)]

    def placed_windows(self, text: str) -> tuple[list[PlacedWindow], list[tuple[int, int]]]:
        """Cut a text as `windows` does; return also each token's range `[start, end)` in it."""
        ids, ranges = self.ids_and_offsets(text)
        room, before = self.max_tokens - self._single.size, len(self._single.before)
        placed = [
            PlacedWindow(self._single.around(piece), start, before, len(piece))
            for start, piece in _pieces(ids, room)
        ]
        return placed, ranges

    def question_windows(self, question: Ids, passage: Ids) -> list[Window]:
        """Slide over the passage, keeping the question whole in every window.

        A passage without tokens gives no window.
        """
        room = self.max_tokens - self._pair.size - len(question)
        if not len(passage):
            return []
        return [
            self._pair.around(question, piece, start) for start, piece in _pieces(passage, room)
        ]

    @property
    def max_question_tokens(self) -> int:
        """The longest first text that leaves half of a window to the second."""
        return (self.max_tokens - self._pair.size) // 2

    def ids(self, text: str) -> Ids:
        """Return a text's tokens without special ones."""
        memo = current_memo()
        if memo and (known := memo.ids(self._digest, text)) is not None:
            return known
        encoding = self.tokenizer.encode_batch_fast([clean(text)], add_special_tokens=False)[0]
        ids = np.array(encoding.ids, dtype=np.int64)
        if memo:
            memo.keep_ids(self._digest, text, ids)
        return ids

    def ids_and_offsets(self, text: str) -> tuple[Ids, list[tuple[int, int]]]:
        """Return tokens and, for each, its range `[start, end)` in the text."""
        encoding = self.tokenizer.encode_batch([clean(text)], add_special_tokens=False)[0]
        return np.array(encoding.ids, dtype=np.int64), encoding.offsets

    def _pair_windows(self, first: Ids, second: Ids) -> list[Window]:
        room = self.max_tokens - self._pair.size
        kept = max(room // 2, room - len(first))
        return [
            self._pair.around(piece, other, start)
            for start, other in _pieces(second, kept)
            for _, piece in _pieces(first, room - len(other))
        ]


def open_tokenizer(bundle: Bundle) -> Tokenizer:
    """Open a bundle's tokenizer; what it says of truncation and padding is not followed.

    Raises:
        BundleError: it cannot be read.
    """
    content = bundle.read(TOKENIZER)
    try:
        tokenizer = Tokenizer.from_buffer(content)
    except Exception as error:  # the tokenizers package raises plain Exception
        raise BundleError(
            f"bundle {bundle.reference}: {TOKENIZER} cannot be read ({str(error)[:300]})"
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def clean(text: str) -> str:
    """Replace lone surrogates, which no tokenizer takes, one for one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return text


async def off_the_loop(
    work: Callable[[Sequence[AnyText]], Result], texts: Sequence[AnyText]
) -> Result:
    """Tokenise short texts at once and long ones in a thread, where no one waits for them."""
    if sum(map(_num_chars, texts)) < LONG_CHARS:
        return work(texts)
    return await asyncio.to_thread(work, texts)


def _num_chars(text: Text) -> int:
    return len(text) if isinstance(text, str) else len(text[0]) + len(text[1])


def _pieces(ids: Ids, room: int) -> list[tuple[int, Ids]]:
    """Cut into pieces of at most `room` tokens; the last one is as full as the others."""
    if len(ids) <= room:
        return [(0, ids)]
    step = room - room // OVERLAP
    starts = [*range(0, len(ids) - room, step), len(ids) - room]
    return [(start, ids[start : start + room]) for start in starts]
