"""What a text completion looks like, whole and in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.routes.openai.choices import Choice, own_part, usage_of
from app.routes.openai.chunks import ChunkForm, head_of
from app.routes.openai.tokens import token_columns
from app.routes.tokens import Told

PREFIX, KIND = "cmpl", "text_completion"


def text_completion(choices: Sequence[Choice], *, has_logprobs: bool) -> dict[str, Any]:
    """Return the whole answer, when all exchanges are complete."""
    return {
        **head_of(choices[0].exchange, PREFIX, KIND),
        "choices": [
            {
                "index": choice.index,
                "text": choice.exchange.released,
                "logprobs": token_columns(choice.released.told) if has_logprobs else None,
                "finish_reason": choice.finish_reason,
                "penstock": own_part(choice.exchange),
            }
            for choice in choices
        ],
        "usage": usage_of(choices),
    }


class CompletionForm(ChunkForm):
    """The chunks of a streamed text completion."""

    prefix = PREFIX
    kind = KIND

    def piece(self, choice: Choice, text: str) -> bytes:
        """Return the chunk for released text."""
        return self._chunk(choice, {"text": text}, choice.released.release(text))

    def finish(self, choice: Choice) -> bytes:
        """Return the chunk that says why a completion ended."""
        return self._last(choice, {"text": ""})

    def _logprobs(self, told: Told) -> dict[str, Any]:
        return token_columns(told)
