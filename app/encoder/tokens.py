"""Text to windows of token ids that a graph can read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from app.bundles import Bundle
from app.bundles.manifest import TOKENIZER
from app.errors import BundleError

OVERLAP = 4
"""Neighbouring windows share a quarter of their tokens."""
LONG_CHARS = 2_000
"""From this length on tokenising leaves the event loop; below, it takes less than 0.5 ms."""

SURROGATES = re.compile("[\ud800-\udfff]")

Ids = NDArray[np.int64]
Text = str | tuple[str, str]
AnyText = TypeVar("AnyText", bound=Text)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Window:
    """What a graph reads at once: one stretch of a text, or of two, with special tokens."""

    ids: Ids
    types: Ids
    """0 for the first text, 1 for the second."""
    second: tuple[int, int] = (0, 0)
    """Where the second text's tokens stand in the window, `[start, end)`."""
    second_from: int = 0
    """Which of the second text's tokens is the first one here."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The special tokens around one or two texts, learned from the tokenizer itself."""

    before: Ids
    between: Ids
    after: Ids
    types: tuple[int, int, int]
    """Type ids of `between`, of the second text and of `after`."""

    @property
    def size(self) -> int:
        """How many tokens of a window it takes."""
        return len(self.before) + len(self.between) + len(self.after)

    def around(self, first: Ids, second: Ids | None = None, second_from: int = 0) -> Window:
        """Put the special tokens around."""
        inner = self.between if second is None else np.concatenate((self.between, second))
        ids = np.concatenate((self.before, first, inner, self.after))
        types = np.zeros(len(ids), dtype=np.int64)
        if second is None:
            return Window(ids, types)
        middle = len(self.before) + len(first)
        start, end = middle + len(self.between), len(ids) - len(self.after)
        types[middle:start], types[start:end], types[end:] = self.types
        return Window(ids, types, (start, end), second_from)


class Tokens:
    """A bundle's tokenizer and the size of its graph's windows.

    Raises:
        BundleError: `tokenizer.json` cannot be read or does not fit windows of this size.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.tokenizer = open_tokenizer(bundle)
        self.max_tokens = bundle.manifest.max_tokens
        self._single = _frame(self.tokenizer.encode("a"), self._plain("a"))
        self._pair = _pair_frame(self.tokenizer.encode("a", "a"), self._plain("a"))
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
        encoding = self.tokenizer.encode_batch_fast([clean(text)], add_special_tokens=False)[0]
        return np.array(encoding.ids, dtype=np.int64)

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

    def _plain(self, text: str) -> Encoding:
        return self.tokenizer.encode(text, add_special_tokens=False)


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


def _frame(framed: Encoding, plain: Encoding) -> Frame:
    ids, size = np.array(framed.ids, dtype=np.int64), len(plain.ids)
    start = _find(ids, plain.ids, 0)
    nothing = ids[:0]
    return Frame(ids[:start], nothing, ids[start + size :], (0, 0, 0))


def _pair_frame(framed: Encoding, plain: Encoding) -> Frame:
    ids, size = np.array(framed.ids, dtype=np.int64), len(plain.ids)
    first = _find(ids, plain.ids, 0)
    second = _find(ids, plain.ids, first + size)
    types = framed.type_ids
    after = second + size
    return Frame(
        ids[:first],
        ids[first + size : second],
        ids[after:],
        (
            types[first + size] if second > first + size else 0,
            types[second],
            types[after] if after < len(ids) else 0,
        ),
    )


def _find(ids: Ids, part: Sequence[int], start: int) -> int:
    """Return where the part begins."""
    for at in range(start, len(ids) - len(part) + 1 if part else 0):
        if list(ids[at : at + len(part)]) == list(part):
            return at
    raise BundleError("the tokenizer loses a text's tokens when it adds special ones")
