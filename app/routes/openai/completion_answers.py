"""What a text completion looks like, whole and in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.errors import PenstockError
from app.exchange import Exchange
from app.routes.envelope import envelope
from app.routes.openai.choices import Choice, model_of, own_part, usage_of
from app.routes.openai.streaming import DONE, data
from app.routes.openai.tokens import token_columns
from app.routes.tokens import Told


def text_completion(choices: Sequence[Choice], *, has_logprobs: bool) -> dict[str, Any]:
    """Return the whole answer, when all exchanges are complete."""
    return {
        **_head(choices[0].exchange),
        "choices": [
            {
                "index": choice.index,
                "text": choice.exchange.completion,
                "logprobs": token_columns(choice.released.told) if has_logprobs else None,
                "finish_reason": choice.finish_reason,
                "penstock": own_part(choice.exchange),
            }
            for choice in choices
        ],
        "usage": usage_of(choices),
    }


class CompletionForm:
    """The chunks of a streamed text completion.

    Args:
        choices: all of the request's.
        has_logprobs: whether chunks tell the log-probabilities of their tokens.
        includes_usage: whether a last chunk tells the usage.
    """

    def __init__(
        self, choices: Sequence[Choice], *, has_logprobs: bool, includes_usage: bool
    ) -> None:
        self._choices = choices
        self._has_logprobs = has_logprobs
        self._includes_usage = includes_usage

    def piece(self, choice: Choice, text: str) -> bytes:
        """Return the chunk for released text."""
        return self._chunk(choice, text, choice.released.release(text))

    def finish(self, choice: Choice) -> bytes:
        """Return the chunk that says why a completion ended."""
        return self._chunk(
            choice,
            "",
            choice.released.release(""),
            finish_reason=choice.finish_reason,
            penstock=own_part(choice.exchange),
        )

    def end(self) -> bytes:
        """Return the usage, if it is wanted, and the end mark."""
        if not self._includes_usage:
            return DONE
        head = _head(self._choices[0].exchange)
        return data({**head, "choices": [], "usage": usage_of(self._choices)}) + DONE

    def failure(self, error: PenstockError) -> bytes:
        """Return the error as an event."""
        return data(envelope(error))

    def _chunk(self, choice: Choice, text: str, told: Told, **more: Any) -> bytes:
        content = {
            "index": choice.index,
            "text": text,
            "logprobs": token_columns(told) if self._has_logprobs and told else None,
            "finish_reason": None,
            **more,
        }
        usage = {"usage": None} if self._includes_usage else {}
        return data({**_head(self._choices[0].exchange), "choices": [content], **usage})


def _head(exchange: Exchange) -> dict[str, Any]:
    return {
        "id": f"cmpl-{exchange.id.hex}",
        "object": "text_completion",
        "created": int(exchange.created_at.timestamp()),
        "model": model_of(exchange),
        "system_fingerprint": model_of(exchange),
    }
