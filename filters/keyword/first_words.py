"""Which words of a text can be the first of a listed word or phrase, told for all words at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters._text.codes import Mask, Places

Hashes = NDArray[np.uint64]
Marks = NDArray[np.uint8]

SHORTEST_TEXT = 2_000
"""Characters of a text from which on this saves time."""

SLOTS_PER_KEY = 16
"""So that a word which begins no key passes for one in less than one of a thousand cases."""

_SHARED: Final = 255
"""What stands in a slot that several keys would fill differently."""

_EIGHT = 8
"""Letters of a word that are looked at; the number of letters counts, too."""

_KEPT = np.array([(1 << (8 * letters)) - 1 for letters in range(_EIGHT + 1)], dtype=np.uint64)
_BY_LETTERS: Final = np.uint64(0x9E3779B97F4A7C15)
_BY_LENGTH: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_BY_FIRST: Final = np.uint64(0x165667B19E3779F9)
"""Odd numbers whose bits are spread evenly: products have all that counts in their upper bits."""


class FirstWords:
    """Knows the first word, or the first two, of each key by their hashes.

    An automaton of many keys waits for memory at nearly each letter. Here one look for a word
    is enough, and none waits for the one before. Where it says no, no key begins.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        firsts = [key.split(" ", 2)[:2] for key in keys if key.isascii()]
        alone = [words[0] for words in firsts if len(words) == 1]
        pairs = [" ".join(words) for words in firsts if len(words) > 1]
        bits = (SLOTS_PER_KEY * len(firsts)).bit_length()
        self._shift = np.uint64(64 - bits)
        self._has_pairs = bool(pairs)
        hashes = _hashes(" ".join(alone))[1], _of_pairs(_hashes(" ".join(pairs))[1])[::2]
        self._marks = self._filled(np.concatenate(hashes), np.zeros(1 << bits, dtype=np.uint8))

    def places(self, text: str) -> Places:
        """Return where keys may begin.

        Args:
            text: ASCII words with one space between them.
        """
        starts, hashes = _hashes(text)
        may_begin = self._may_know(hashes)
        if self._has_pairs:
            may_begin[:-1] |= self._may_know(_of_pairs(hashes))
        return starts[np.flatnonzero(may_begin)]

    def _filled(self, hashes: Hashes, marks: Marks) -> Marks:
        slots, wanted = hashes >> self._shift, _marks(hashes)
        marks[slots] = wanted
        marks[slots[marks[slots] != wanted]] = _SHARED
        return marks

    def _may_know(self, hashes: Hashes) -> Mask:
        found = self._marks[hashes >> self._shift]
        is_known: Mask = (found == _marks(hashes)) | (found == _SHARED)
        return is_known


def _marks(hashes: Hashes) -> Marks:
    """Return what stands in a slot for each hash: 1 to 128, of bits that did not choose the slot."""
    return (hashes >> np.uint64(24)).astype(np.uint8) % 128 + 1


def _hashes(text: str) -> tuple[Places, Hashes]:
    """Return where each word begins, and its hash."""
    written = text.encode("ascii")
    spaces = np.flatnonzero(np.frombuffer(written, dtype=np.uint8) == ord(" "))
    starts = np.concatenate(([0], spaces + 1))
    lengths = np.concatenate((spaces, [len(written)])) - starts
    # From each place on, the next eight bytes as one number.
    eights = np.ndarray((len(written) + 1,), "<u8", written + bytes(_EIGHT), strides=(1,))
    letters = eights[starts] & _KEPT[np.minimum(lengths, _EIGHT)]
    return starts, letters * _BY_LETTERS + lengths.astype(np.uint64) * _BY_LENGTH


def _of_pairs(hashes: Hashes) -> Hashes:
    """Return the hash of each word with the next one."""
    return hashes[:-1] * _BY_FIRST + hashes[1:]
