"""The tokens of an answer with their log-probabilities, as `POST /infer` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from app.engine import TokenLogprob
from app.exchange import Exchange, Outcome
from app.routes.fields import Answer
from app.routes.tokens import ReleasedTokens


class LikelyTokenAnswer(Answer):
    """A token that the model could have written."""

    token: int
    """Its number."""
    text: str
    """The token alone; half a character is the replacement character."""
    bytes: list[int]
    """The token alone, as UTF-8."""
    logprob: float
    """Under the model itself, before any of the parameters."""

    @classmethod
    def of(cls, token: TokenLogprob) -> Self:
        """Return a token, and its alternatives where they are shown."""
        return cls.model_validate(
            {
                "token": token.token,
                "text": token.text,
                "bytes": list(token.utf8),
                "logprob": token.logprob,
                "top": [LikelyTokenAnswer.of(other) for other in token.top],
            }
        )


class TokenAnswer(LikelyTokenAnswer):
    """A token of the completion."""

    top: list[LikelyTokenAnswer]
    """The likeliest tokens in its place, the likeliest first."""


def token_answers(exchange: Exchange, tokens: Sequence[TokenLogprob]) -> list[TokenAnswer] | None:
    """Return what may be told: a token must not give away what a filter changed or held back."""
    if exchange.parameters.get("logprobs") is None:
        return None
    if exchange.outcome is not Outcome.COMPLETED:
        return []
    released = ReleasedTokens(tokens)
    return [TokenAnswer.of(token) for token, _ in released.release(exchange.released)]
