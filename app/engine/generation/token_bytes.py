"""What single tokens write, in bytes.

Published tokenizers have one of two kinds of decoders. Byte-level ones spell every byte as a
letter of its own. The others are asked what a token adds behind another one, except for their
tokens for single bytes (`<0xE2>`).
"""

from __future__ import annotations

import json
import re

from tokenizers import Tokenizer

BYTE = re.compile(r"<0x([0-9A-F]{2})>")
ANCHORS = ("a", "▁a", "A", "▁A", "0", "the")


class TokenBytes:
    """The bytes that each token adds to a text; characters may go across tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        decoder = tokenizer.decoder
        kinds = _kinds(json.loads(decoder.__getstate__())) if decoder else set()
        self._is_byte_level = "ByteLevel" in kinds
        self._has_byte_tokens = "ByteFallback" in kinds
        ids = (tokenizer.token_to_id(word) for word in ANCHORS)
        self._anchor = next((number for number in ids if number is not None), 0)
        self._anchor_chars = len(self._decode(self._anchor))
        self._known: dict[int, bytes] = {}

    def first(self, token: int) -> bytes:
        """Return what a token writes at the beginning of a text; some decoders drop a space."""
        if self._is_byte_level or self._is_byte(token):
            return self.inner(token)
        return self._decode(token).encode()

    def inner(self, token: int) -> bytes:
        """Return what a token writes behind others; control tokens are spelled out."""
        known = self._known.get(token)
        if known is None:
            known = self._known[token] = self._inner(token)
        return known

    def _inner(self, token: int) -> bytes:
        word = self._tokenizer.id_to_token(token) or ""
        if self._is_byte_level:
            if all(letter in LETTERS for letter in word):
                return bytes(LETTERS[letter] for letter in word)
            return word.encode()
        if self._is_byte(token):
            return bytes.fromhex(word[3:5])
        return self._decode(self._anchor, token)[self._anchor_chars :].encode()

    def _is_byte(self, token: int) -> bool:
        word = self._tokenizer.id_to_token(token) if self._has_byte_tokens else None
        return word is not None and BYTE.fullmatch(word) is not None

    def _decode(self, *tokens: int) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=False))


def _kinds(decoder: dict[str, object]) -> set[str]:
    """Return the kinds of a decoder and its parts."""
    parts = decoder.get("decoders")
    inner = [_kinds(part) for part in parts] if isinstance(parts, list) else []
    return {str(decoder["type"])}.union(*inner)


def _byte_letters() -> dict[str, int]:
    """Return the byte of each letter of the byte-level alphabet (Radford et al. 2019)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    return {chr(byte): byte for byte in plain} | {
        chr(256 + place): byte for place, byte in enumerate(others)
    }


LETTERS = _byte_letters()
