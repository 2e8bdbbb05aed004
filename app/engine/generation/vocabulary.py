"""The tokens of a model: which there are, which end a text, and what each of them says."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import takewhile
from threading import Lock

import numpy as np
from llguidance import LLTokenizer
from numpy.typing import NDArray
from tokenizers import Tokenizer

from app.engine.generation.token_bytes import TokenBytes
from app.errors import InvalidRequest


class Vocabulary:
    """What a model's tokens mean; one per model, shared by all its completions and threads.

    Args:
        tokenizer: turns text into tokens.
        size: width of the logits, which may go beyond the tokenizer's last token.
        ends: tokens that end a completion and are no part of it.
    """

    def __init__(self, tokenizer: Tokenizer, size: int, ends: Iterable[int]) -> None:
        self.tokenizer = tokenizer
        self.size = size
        self.ends = frozenset(end for end in ends if 0 <= end < size)
        self._lock = Lock()
        self._grammar_tokens: LLTokenizer | None = None

    @cached_property
    def end_tokens(self) -> NDArray[np.intp]:
        """The tokens that end a completion, as indices into a row of logits."""
        return np.array(sorted(self.ends), dtype=np.intp)

    @cached_property
    def token_bytes(self) -> TokenBytes:
        """What each token writes."""
        return TokenBytes(self.tokenizer)

    @cached_property
    def control_tokens(self) -> frozenset[int]:
        """Tokens that are no text, such as the end of a turn."""
        added = self.tokenizer.get_added_tokens_decoder()
        return frozenset(number for number, token in added.items() if token.special)

    @cached_property
    def opening(self) -> list[int]:
        """Tokens that the tokenizer by itself puts before every text, such as its beginning."""
        frame = self.tokenizer.encode("a")
        marks = zip(frame.ids, frame.special_tokens_mask, strict=True)
        return [token for token, is_mark in takewhile(lambda mark: mark[1], marks)]

    def tokens_of(self, text: str) -> list[int]:
        """Return a text's tokens and nothing else."""
        return list(self.tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids)

    def text_of(self, tokens: list[int]) -> str:
        """Return what tokens say behind the opening, which they may begin with.

        Raises:
            InvalidRequest: one is no token of this model, or a control token.
        """
        size = len(self.opening)
        inner = tokens[size:] if tokens[:size] == self.opening else tokens
        if any(self._is_no_text(token) for token in inner):
            raise InvalidRequest("These are not tokens of a text.", param="prompt")
        first = b"".join(map(self.token_bytes.first, inner[:1]))
        rest = b"".join(map(self.token_bytes.inner, inner[1:]))
        return (first + rest).decode("utf-8", errors="replace")

    def _is_no_text(self, token: int) -> bool:
        return token in self.control_tokens or self.tokenizer.id_to_token(token) is None

    def spelled(self, token: int) -> tuple[str, bytes]:
        """Return a token as text and as what it writes: of a control token, nothing."""
        utf8 = self.token_bytes.inner(token)
        text = utf8.decode("utf-8", errors="replace")
        return text, b"" if token in self.control_tokens else utf8

    def grammar_tokens(self) -> LLTokenizer:
        """Return the tokens as grammars see them; the first call takes up to a second.

        Raises:
            ValueError: grammars do not work with this kind of tokenizer.
        """
        with self._lock:
            if self._grammar_tokens is None:
                self._grammar_tokens = LLTokenizer(
                    self.tokenizer.to_str(),
                    n_vocab=max(self.size, self.tokenizer.get_vocab_size()),
                    eos_token=sorted(self.ends) or None,
                )
            return self._grammar_tokens
