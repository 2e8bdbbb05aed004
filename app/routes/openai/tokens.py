"""Log-probabilities of tokens as OpenAI's answers show them."""

from __future__ import annotations

from typing import Any

from app.engine import TokenLogprob
from app.routes.tokens import Told


def token_entry(token: TokenLogprob) -> dict[str, Any]:
    """Return a token as chat completions and responses show it."""
    return {**_entry(token), "top_logprobs": [_entry(other) for other in token.top]}


def _entry(token: TokenLogprob) -> dict[str, Any]:
    return {"token": token.text, "logprob": token.logprob, "bytes": list(token.utf8)}


def token_columns(told: Told) -> dict[str, Any]:
    """Return tokens as text completions show them."""
    return {
        "tokens": [token.text for token, _ in told],
        "token_logprobs": [token.logprob for token, _ in told],
        "top_logprobs": [{other.text: other.logprob for other in t.top} for t, _ in told],
        "text_offset": [offset for _, offset in told],
    }
