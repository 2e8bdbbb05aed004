"""What a chat completion looks like, whole and in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.routes.openai.choices import Choice, own_part, usage_of
from app.routes.openai.chunks import ChunkForm, head_of
from app.routes.openai.tokens import token_entry
from app.routes.tokens import Told

PREFIX = "chatcmpl"


def chat_completion(choices: Sequence[Choice], *, has_logprobs: bool) -> dict[str, Any]:
    """Return the whole answer, when all exchanges are complete."""
    return {
        **head_of(choices[0].exchange, PREFIX, "chat.completion"),
        "choices": [
            {
                "index": choice.index,
                "message": {
                    "role": "assistant",
                    "content": choice.exchange.released,
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


class ChatForm(ChunkForm):
    """The chunks of a streamed chat completion; the first one of a choice tells the role."""

    prefix = PREFIX
    kind = "chat.completion.chunk"

    def __init__(
        self, choices: Sequence[Choice], *, has_logprobs: bool, includes_usage: bool
    ) -> None:
        super().__init__(choices, has_logprobs=has_logprobs, includes_usage=includes_usage)
        self._begun: set[int] = set()

    def piece(self, choice: Choice, text: str) -> bytes:
        """Return the chunk for released text, after the one with the role if it is the first."""
        told = choice.released.release(text)
        return self._begin(choice) + self._chunk(choice, {"delta": {"content": text}}, told)

    def finish(self, choice: Choice) -> bytes:
        """Return the chunk that says why a completion ended."""
        return self._begin(choice) + self._last(choice, {"delta": {}})

    def _begin(self, choice: Choice) -> bytes:
        if choice.index in self._begun:
            return b""
        self._begun.add(choice.index)
        return self._chunk(choice, {"delta": {"role": "assistant", "content": ""}}, ())

    def _logprobs(self, told: Told) -> dict[str, Any]:
        return _logprobs(told)


def _logprobs(told: Told) -> dict[str, Any]:
    return {"content": [token_entry(token) for token, _ in told], "refusal": None}
