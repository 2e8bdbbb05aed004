r"""Answer one request's exchanges as server-sent events, one JSON object each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from time import perf_counter
from typing import Any, Protocol

from starlette.types import Send

from app.errors import PenstockError
from app.routes.json_body import render
from app.routes.openai.choices import Choice, side_by_side
from app.routes.service import Service
from app.routes.streaming import InOwnWords, ReleasedStream

DONE = b"data: [DONE]\n\n"


def data(content: Any) -> bytes:
    """Return a nameless event as it goes over the wire."""
    return b"data: " + render(content) + b"\n\n"


class Form(Protocol):
    """What an endpoint's stream looks like."""

    def piece(self, choice: Choice, text: str) -> bytes:
        """Return the events for released text; the first call for a choice also begins it."""

    def finish(self, choice: Choice) -> bytes:
        """Return the events for a completion that has ended, whether or not it had any text."""

    def end(self) -> bytes:
        """Return the last events, when all completions have ended."""

    def failure(self, error: PenstockError) -> bytes:
        """Return the last event of a stream that failed."""


class ChoicesStream(ReleasedStream):
    """Feeds what is released of several exchanges to the client, as it comes."""

    def __init__(
        self, choices: Sequence[Choice], service: Service, in_own_words: InOwnWords, form: Form
    ) -> None:
        super().__init__([choice.exchange for choice in choices], service, in_own_words)
        self._choices = choices
        self._form = form
        self._turn = asyncio.Lock()

    async def _flow(self, send: Send) -> None:
        await side_by_side([self._feed(choice, send) for choice in self._choices])
        await self._send(send, self._form.end(), is_last=True)

    async def _feed(self, choice: Choice, send: Send) -> None:
        started = perf_counter()
        stream = self._service.pipeline.stream(choice.exchange, choice.tokens)
        async with aclosing(stream) as released:
            async for text in released:
                self._count_first_text(started)
                async with self._turn:
                    await self._send(send, self._form.piece(choice, text))
                # As in `EventStream`: let the loop see to the other clients.
                await asyncio.sleep(0)
        async with self._turn:
            await self._send(send, self._form.finish(choice))

    def _last_words(self, error: PenstockError) -> bytes:
        return self._form.failure(error)
