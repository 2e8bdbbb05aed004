"""The special tokens around texts, learned from the tokenizer itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from app.errors import BundleError

Ids = NDArray[np.int64]


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


def single_frame(tokenizer: Tokenizer) -> Frame:
    """Return what stands around one text.

    Raises:
        BundleError: the tokenizer loses the text.
    """
    framed, plain = tokenizer.encode("a"), _plain(tokenizer)
    ids, size = np.array(framed.ids, dtype=np.int64), len(plain.ids)
    start = _find(ids, plain.ids, 0)
    nothing = ids[:0]
    return Frame(ids[:start], nothing, ids[start + size :], (0, 0, 0))


def pair_frame(tokenizer: Tokenizer) -> Frame:
    """Return what stands around and between two texts.

    Raises:
        BundleError: the tokenizer loses a text.
    """
    framed, plain = tokenizer.encode("a", "a"), _plain(tokenizer)
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


def _plain(tokenizer: Tokenizer) -> Encoding:
    return tokenizer.encode("a", add_special_tokens=False)


def _find(ids: Ids, part: Sequence[int], start: int) -> int:
    """Return where the part begins."""
    for at in range(start, len(ids) - len(part) + 1 if part else 0):
        if list(ids[at : at + len(part)]) == list(part):
            return at
    raise BundleError("the tokenizer loses a text's tokens when it adds special ones")
