"""What single tokens write, in bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from tokenizers import Tokenizer

TokenBytes = Callable[[int], bytes]
"""From a token to the bytes it writes; control tokens too, as they are spelled."""


def open_token_bytes(tokenizer: Tokenizer) -> TokenBytes:
    """Return what says the bytes of a tokenizer's tokens."""
    letters = _byte_letters()
    decoder: dict[str, Any] = json.loads(tokenizer.decoder.__getstate__())
    is_byte_level = decoder["type"] == "ByteLevel"

    @lru_cache(maxsize=65_536)
    def bytes_of(token: int) -> bytes:
        word = tokenizer.id_to_token(token) or ""
        if is_byte_level and all(letter in letters for letter in word):
            return bytes(letters[letter] for letter in word)
        return word.encode()

    return bytes_of


def _byte_letters() -> dict[str, int]:
    """Return the byte that each letter of the byte-level alphabet stands for (Radford et al.)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    return {chr(byte): byte for byte in plain} | {
        chr(256 + place): byte for place, byte in enumerate(others)
    }
