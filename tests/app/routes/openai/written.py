"""Tokens as a model writes them."""

from __future__ import annotations

from app.engine import Delta, TokenLogprob


def token(text: str, logprob: float, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
    """Return a token of this text."""
    return TokenLogprob(len(text), text, text.encode(), logprob, top)


def tokens(*texts: str) -> list[TokenLogprob]:
    """Return a token of each text, with the log-probabilities -1, -2, …"""
    return [token(text, -float(place)) for place, text in enumerate(texts, 1)]


def deltas(*texts: str) -> list[Delta]:
    """Return the same, each as a piece of a completion."""
    return [Delta(one.text, logprobs=[one]) for one in tokens(*texts)]
