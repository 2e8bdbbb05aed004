"""A tokenizer of bytes, and what makes a tiny language model recite a text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing

END, START, TURN = "<|end|>", "<|start|>", "<|turn|>"
TEMPLATE = (
    "{% for passage in passages %}{{ passage }}\n{% endfor %}"
    "{% for message in messages %}<|turn|>{{ message.content }}{% endfor %}<|start|>"
)
CERTAIN = 50.0


def recital(script: Sequence[bytes], *, ends: bool) -> tuple[Tokenizer, NDArray[np.float32]]:
    """Return the tokenizer and the table from each token to the logits of the next."""
    pieces = [_as_token(piece) for piece in script]
    if len(set(pieces)) < len(pieces):
        raise ValueError("the pieces of a script must differ")
    alphabet = sorted(ByteLevel.alphabet())
    longer = [piece for piece in pieces if piece not in alphabet]
    ids = {token: number for number, token in enumerate([*alphabet, *longer])}
    words = Tokenizer(BPE(ids, []))
    words.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    words.decoder = ByteLevelDecoder()
    words.add_special_tokens([AddedToken(token, special=True) for token in (END, START, TURN)])
    table = np.zeros((words.get_vocab_size(), words.get_vocab_size()), dtype=np.float32)
    path = [START, *pieces, END if ends else START] if pieces else []
    numbers = [words.token_to_id(token) for token in path]
    for token, following in pairwise(numbers):
        table[token, following] = CERTAIN
    if pieces and not ends:
        table[numbers[-2]] = table[numbers[0]]  # from the last piece straight to the first
    return words, table


def framed(words: Tokenizer) -> Tokenizer:
    """Let a tokenizer put a token before every text and one behind it, as some do."""
    marks = [(token, words.token_to_id(token)) for token in (START, END)]
    words.post_processor = TemplateProcessing(single=f"{START} $A {END}", special_tokens=marks)
    return words


def _as_token(piece: bytes) -> str:
    """Write bytes as the byte-level alphabet does."""
    letters = {
        number: chr(number) for number in [*range(33, 127), *range(161, 173), *range(174, 256)]
    }
    others = (number for number in range(256) if number not in letters)
    letters |= {number: chr(256 + place) for place, number in enumerate(others)}
    return "".join(letters[byte] for byte in piece)
