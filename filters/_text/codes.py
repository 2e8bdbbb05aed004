"""Texts as arrays of their characters' codes, for what is counted and compared all at once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8] | NDArray[np.uint32]
Places = NDArray[np.intp]
Mask = NDArray[np.bool_]

ASCII = 128
_WORD_BYTES = bytes(chr(code).isalnum() for code in range(ASCII)).ljust(256)

BASIC = 0x10000
"""Codes of the basic plane, which holds nearly all characters of living scripts."""


def codes_of(text: str) -> Codes:
    """Return the code of each character, in bytes where one is enough.

    The text holds no lone surrogates.
    """
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def text_of(codes: Codes) -> str:
    """Return the text that has these codes."""
    return codes.tobytes().decode("ascii" if codes.dtype == np.uint8 else "utf-32-le")


def word_mask(text: str, codes: Codes) -> Mask:
    """Say of each character whether it is a letter or a digit."""
    if codes.dtype == np.uint8:
        return np.frombuffer(codes.tobytes().translate(_WORD_BYTES), dtype=np.bool_)
    mask = _basic_words()[np.minimum(codes, BASIC - 1)]
    beyond = np.flatnonzero(codes >= BASIC)
    mask[beyond] = [text[place].isalnum() for place in beyond.tolist()]
    return mask


@cache
def _basic_words() -> Mask:
    """Say of each code of the basic plane whether it is a letter or a digit; takes milliseconds."""
    return np.array([chr(code).isalnum() for code in range(BASIC)])


def around(places: Places, before: int, after: int) -> list[tuple[int, int]]:
    """Return the stretches `[start, stop)` around places in order; those that meet are one."""
    if not len(places):
        return []
    is_far = np.diff(places) > before + after
    firsts = np.concatenate((places[:1], places[1:][is_far])) - before
    lasts = np.concatenate((places[:-1][is_far], places[-1:])) + after
    return list(zip(np.maximum(firsts, 0).tolist(), lasts.tolist(), strict=True))
