r"""Answer as server-sent events.

    event: delta    data: {"text": "..."}         any number; together they are the completion
    event: done     data: the answer, as without streaming
    event: error    data: {"error": {...}, "id": "..."}

The last event is always `done` or `error`. Data is ASCII JSON on one line, so no text can end an
event or begin another. Until the first text is released nothing is sent at all: a request that
fails before has its plain HTTP status.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from time import perf_counter
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.engine import TokenLogprob
from app.errors import PenstockError
from app.exchange import Exchange
from app.routes.answers import InferResponse
from app.routes.envelope import envelope, error_response, reported
from app.routes.interruption import ClientGone, until_interrupted
from app.routes.json_body import render
from app.routes.service import Service

InOwnWords = Callable[[PenstockError], PenstockError]
"""Makes an error of the engine name the field of the request which it is about."""


def exchange_headers(exchange: Exchange) -> dict[str, str]:
    """Return the headers that tell which exchange was recorded, and where its time went."""
    if not exchange.timings_ms:
        return {}  # refused before any work, so not in the log
    timings = (f"{name};dur={ms:.1f}" for name, ms in exchange.timings_ms.items())
    return {
        "x-exchange-id": str(exchange.id),
        "x-model-version": exchange.model_version,
        "server-timing": ", ".join(timings),
    }


def event(name: str, content: Any) -> bytes:
    """Return one event as it goes over the wire."""
    return b"event: " + name.encode("ascii") + b"\ndata: " + render(content) + b"\n\n"


async def until_cut(
    receive: Receive, service: Service, exchanges: Sequence[Exchange], work: Awaitable[None]
) -> None:
    """Await the work on exchanges; if the server cuts it off, they say why.

    Raises:
        ClientGone: the client left.
        ShuttingDown: the server's time to drain is over.
        DeadlineExceeded: the request's time is over, its client's pauses included.
    """

    def note(reason: PenstockError) -> None:
        for exchange in exchanges:
            exchange.error_code = reason.code

    seconds = service.settings.limits.request_s
    await until_interrupted(receive, service.drain, work, seconds, note)


class ReleasedStream(Response):
    """Feeds what the filters release of one exchange to the client, in the request's own task.

    What goes over the wire is for subclasses to say: `_flow` and `_last_words`.
    """

    media_type = "text/event-stream"

    def __init__(
        self, exchanges: Sequence[Exchange], service: Service, in_own_words: InOwnWords
    ) -> None:
        first = exchanges[0]
        super().__init__(headers={"x-accel-buffering": "no", "x-exchange-id": str(first.id)})
        del self.headers["content-length"]
        self._exchanges = exchanges
        self._service = service
        self._in_own_words = in_own_words
        self._is_started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; each exchange is complete and recorded before its last one.

        What fails before anything was sent is an ordinary error response.

        Raises:
            ClientGone: the client left.
        """
        try:
            await until_cut(receive, self._service, self._exchanges, self._flow(send))
        except ClientGone:
            raise
        except Exception as raised:  # noqa: BLE001  whatever it is, the stream gets its last event
            error = self._in_own_words(reported(raised))
            if self._is_started:
                await self._send(send, self._last_words(error), is_last=True)
            else:
                response = error_response(error, exchange_headers(self._exchanges[0]))
                await response(scope, receive, send)
        finally:
            self._count()

    async def _flow(self, send: Send) -> None:
        """Send everything up to the end."""
        raise NotImplementedError

    def _last_words(self, error: PenstockError) -> bytes:
        """Return the event that ends a stream which failed half-way."""
        raise NotImplementedError

    def _count(self) -> None:
        for exchange in self._exchanges:
            self._service.metrics.count_exchange(exchange)

    async def _send(self, send: Send, chunk: bytes, *, is_last: bool = False) -> None:
        if not self._is_started:
            self._is_started = True
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
        await send({"type": "http.response.body", "body": chunk, "more_body": not is_last})

    def _count_first_text(self, started: float) -> None:
        """Note how long the client waited, if nothing was sent yet."""
        if not self._is_started:
            self._service.metrics.count_first_text(
                self._exchanges[0].model, perf_counter() - started
            )


class EventStream(ReleasedStream):
    """The stream of `POST /infer`."""

    def __init__(self, exchange: Exchange, service: Service, in_own_words: InOwnWords) -> None:
        super().__init__([exchange], service, in_own_words)
        self._exchange = exchange

    async def _flow(self, send: Send) -> None:
        started = perf_counter()
        tokens: list[TokenLogprob] = []
        async with aclosing(self._service.pipeline.stream(self._exchange, tokens)) as released:
            async for text in released:
                self._count_first_text(started)
                await self._send(send, event("delta", {"text": text}))
                # A send to a full or closed connection may return without a pause; this lets
                # the loop see to the other clients, and notice that this one has gone.
                await asyncio.sleep(0)
        answer = InferResponse.of(self._exchange, tokens).model_dump()
        await self._send(send, event("done", answer), is_last=True)

    def _last_words(self, error: PenstockError) -> bytes:
        return event("error", {**envelope(error), "id": str(self._exchange.id)})
