"""What chat and text completions have in common in their answers and in their streams' chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from app.errors import PenstockError
from app.exchange import Exchange
from app.routes.envelope import envelope
from app.routes.openai.choices import Choice, own_part, usage_of
from app.routes.openai.streaming import DONE, data
from app.routes.tokens import Told


def head_of(exchange: Exchange, prefix: str, kind: str) -> dict[str, Any]:
    """Return what an answer and each of its chunks begin with."""
    return {
        "id": f"{prefix}-{exchange.id.hex}",
        "object": kind,
        "created": int(exchange.created_at.timestamp()),
        "model": exchange.model_reference,
        "system_fingerprint": exchange.model_reference,
    }


class ChunkForm:
    """Base of the chunks of a streamed completion.

    Args:
        choices: all of the request's.
        has_logprobs: whether chunks tell the log-probabilities of their tokens.
        includes_usage: whether a last chunk tells the usage.
    """

    prefix: ClassVar[str]
    """Of the answer's id."""
    kind: ClassVar[str]

    def __init__(
        self, choices: Sequence[Choice], *, has_logprobs: bool, includes_usage: bool
    ) -> None:
        self._choices = choices
        self._has_logprobs = has_logprobs
        self._includes_usage = includes_usage

    def end(self) -> bytes:
        """Return the usage, if it is wanted, and the end mark."""
        if not self._includes_usage:
            return DONE
        return data({**self._head(), "choices": [], "usage": usage_of(self._choices)}) + DONE

    def failure(self, error: PenstockError) -> bytes:
        """Return the error as an event."""
        return data(envelope(error))

    def _logprobs(self, told: Told) -> dict[str, Any]:
        raise NotImplementedError

    def _chunk(self, choice: Choice, own: dict[str, Any], told: Told, **more: Any) -> bytes:
        content = {
            "index": choice.index,
            **own,
            "logprobs": self._logprobs(told) if self._has_logprobs and told else None,
            "finish_reason": None,
            **more,
        }
        usage = {"usage": None} if self._includes_usage else {}
        return data({**self._head(), "choices": [content], **usage})

    def _last(self, choice: Choice, own: dict[str, Any]) -> bytes:
        """Return the chunk that says why a completion ended."""
        return self._chunk(
            choice,
            own,
            choice.released.release(""),
            finish_reason=choice.finish_reason,
            penstock=own_part(choice.exchange),
        )

    def _head(self) -> dict[str, Any]:
        return head_of(self._choices[0].exchange, self.prefix, self.kind)
