"""The events of a streamed response."""

from __future__ import annotations

from itertools import count
from typing import Any

from app.errors import PenstockError
from app.routes.envelope import envelope
from app.routes.openai.choices import Choice
from app.routes.openai.response_answers import (
    IN_PROGRESS,
    message_id,
    message_item,
    response_object,
    status_of,
    text_part,
)
from app.routes.openai.tokens import token_entry
from app.routes.streaming import event
from app.routes.tokens import Told


class ResponseForm:
    """Numbers the events of one response and writes them.

    Args:
        has_logprobs: whether events tell the log-probabilities of their tokens.
    """

    def __init__(self, *, has_logprobs: bool) -> None:
        self._has_logprobs = has_logprobs
        self._numbers = count()
        self._is_begun = False

    def piece(self, choice: Choice, text: str) -> bytes:
        """Return the event for released text, after those that begin the response."""
        told = self._told(choice.released.release(text))
        delta = {"delta": text, "logprobs": [token_entry(token) for token, _ in told]}
        return self._begin(choice) + self._of_part(choice, "output_text.delta", delta)

    def finish(self, choice: Choice) -> bytes:
        """Return the events that end the text, its message and the response."""
        choice.released.release("")
        exchange, told = choice.exchange, self._told(choice.released.told)
        logprobs = [token_entry(token) for token, _ in told]
        item = {"output_index": 0, "item": message_item(exchange, told)}
        response = response_object(exchange, told=told)
        return b"".join(
            [
                self._begin(choice),
                self._of_part(
                    choice, "output_text.done", {"text": exchange.released, "logprobs": logprobs}
                ),
                self._of_part(choice, "content_part.done", {"part": text_part(exchange, told)}),
                self._event("output_item.done", item),
                self._event(status_of(exchange), {"response": response}),
            ]
        )

    def end(self) -> bytes:
        """Return nothing: the response's own last event ends the stream."""
        return b""

    def failure(self, error: PenstockError) -> bytes:
        """Return the error, both as the documents show it and as the clients look for it."""
        body = envelope(error)
        told = {name: body["error"][name] for name in ("code", "message", "param")}
        content = {"type": "error", "sequence_number": next(self._numbers), **told, **body}
        return event("error", content)

    def _begin(self, choice: Choice) -> bytes:
        if self._is_begun:
            return b""
        self._is_begun = True
        response = {"response": response_object(choice.exchange, is_complete=False)}
        item = {
            "id": message_id(choice.exchange),
            "type": "message",
            "role": "assistant",
            "status": IN_PROGRESS,
            "content": [],
        }
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        return b"".join(
            [
                self._event("created", response),
                self._event(IN_PROGRESS, response),
                self._event("output_item.added", {"output_index": 0, "item": item}),
                self._of_part(choice, "content_part.added", {"part": part}),
            ]
        )

    def _of_part(self, choice: Choice, name: str, content: dict[str, Any]) -> bytes:
        place = {"item_id": message_id(choice.exchange), "output_index": 0, "content_index": 0}
        return self._event(name, {**place, **content})

    def _event(self, name: str, content: dict[str, Any]) -> bytes:
        kind = f"response.{name}"
        return event(kind, {"type": kind, "sequence_number": next(self._numbers), **content})

    def _told(self, told: Told) -> Told:
        return told if self._has_logprobs else ()
