"""What a chat completion looks like, whole and in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.errors import PenstockError
from app.exchange import Exchange
from app.routes.envelope import envelope
from app.routes.openai.choices import Choice, model_of, own_part, usage_of
from app.routes.openai.streaming import DONE, data
from app.routes.openai.tokens import token_entry
from app.routes.tokens import Told


def chat_completion(choices: Sequence[Choice], *, has_logprobs: bool) -> dict[str, Any]:
    """Return the whole answer, when all exchanges are complete."""
    return {
        **_head(choices[0].exchange, "chat.completion"),
        "choices": [
            {
                "index": choice.index,
                "message": {
                    "role": "assistant",
                    "content": choice.exchange.completion,
                    "refusal": None,
                },
                "logprobs": _logprobs(choice.released.told) if has_logprobs else None,
                "finish_reason": choice.finish_reason,
                "penstock": own_part(choice.exchange),
            }
            for choice in choices
        ],
        "usage": usage_of(choices),
    }


class ChatForm:
    """The chunks of a streamed chat completion.

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
        self._begun: set[int] = set()

    def piece(self, choice: Choice, text: str) -> bytes:
        """Return the chunk for released text, after the one with the role if it is the first."""
        told = choice.released.release(text)
        return self._begin(choice) + self._chunk(choice, {"content": text}, told)

    def finish(self, choice: Choice) -> bytes:
        """Return the chunk that says why a completion ended."""
        told = choice.released.release("")
        return self._begin(choice) + self._chunk(
            choice,
            {},
            told,
            finish_reason=choice.finish_reason,
            penstock=own_part(choice.exchange),
        )

    def end(self) -> bytes:
        """Return the usage, if it is wanted, and the end mark."""
        if not self._includes_usage:
            return DONE
        head = _head(self._choices[0].exchange, "chat.completion.chunk")
        return data({**head, "choices": [], "usage": usage_of(self._choices)}) + DONE

    def failure(self, error: PenstockError) -> bytes:
        """Return the error as an event."""
        return data(envelope(error))

    def _begin(self, choice: Choice) -> bytes:
        if choice.index in self._begun:
            return b""
        self._begun.add(choice.index)
        return self._chunk(choice, {"role": "assistant", "content": ""}, ())

    def _chunk(self, choice: Choice, delta: dict[str, Any], told: Told, **more: Any) -> bytes:
        content = {
            "index": choice.index,
            "delta": delta,
            "logprobs": _logprobs(told) if self._has_logprobs and told else None,
            "finish_reason": None,
            **more,
        }
        usage = {"usage": None} if self._includes_usage else {}
        head = _head(self._choices[0].exchange, "chat.completion.chunk")
        return data({**head, "choices": [content], **usage})


def _head(exchange: Exchange, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{exchange.id.hex}",
        "object": kind,
        "created": int(exchange.created_at.timestamp()),
        "model": model_of(exchange),
        "system_fingerprint": model_of(exchange),
    }


def _logprobs(told: Told) -> dict[str, Any]:
    return {"content": [token_entry(token) for token, _ in told], "refusal": None}
