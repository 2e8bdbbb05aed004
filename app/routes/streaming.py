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
from collections.abc import Awaitable
from contextlib import aclosing
from time import perf_counter
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import PenstockError, PromptTooLong
from app.exchange import Exchange
from app.routes.answers import InferResponse
from app.routes.envelope import envelope, error_response, reported
from app.routes.interruption import ClientGone, until_interrupted
from app.routes.json_body import render
from app.routes.service import Service


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


def located(error: PenstockError, asked_in: str) -> PenstockError:
    """Return an error that names the field with the question where the model finds it too long."""
    if isinstance(error, PromptTooLong):
        error.param = asked_in
    return error


async def until_cut(
    receive: Receive, service: Service, exchange: Exchange, work: Awaitable[None]
) -> None:
    """Await an exchange's work; if the server cuts it off, the exchange says why.

    Raises:
        ClientGone: the client left.
        ShuttingDown: the server's time to drain is over.
        DeadlineExceeded: the request's time is over, its client's pauses included.
    """

    def note(reason: PenstockError) -> None:
        exchange.error_code = reason.code

    seconds = service.settings.limits.request_s
    await until_interrupted(receive, service.drain, work, seconds, note)


class EventStream(Response):
    """Feeds one exchange's released text to the client, in the request's own task."""

    media_type = "text/event-stream"

    def __init__(self, exchange: Exchange, service: Service, asked_in: str) -> None:
        super().__init__(headers={"x-accel-buffering": "no", "x-exchange-id": str(exchange.id)})
        del self.headers["content-length"]
        self._exchange = exchange
        self._service = service
        self._asked_in = asked_in
        self._is_started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; the exchange is complete and recorded before the last one.

        What fails before anything was sent is an ordinary error response.

        Raises:
            ClientGone: the client left.
        """
        try:
            await until_cut(receive, self._service, self._exchange, self._flow(send))
        except ClientGone:
            raise
        except Exception as raised:  # noqa: BLE001  whatever it is, the stream gets its last event
            error = located(reported(raised), self._asked_in)
            if self._is_started:
                content = {**envelope(error), "id": str(self._exchange.id)}
                await self._send(send, event("error", content), is_last=True)
            else:
                response = error_response(error, exchange_headers(self._exchange))
                await response(scope, receive, send)
        finally:
            self._service.metrics.count_exchange(self._exchange)

    async def _flow(self, send: Send) -> None:
        started = perf_counter()
        async with aclosing(self._service.pipeline.stream(self._exchange)) as released:
            async for text in released:
                if not self._is_started:
                    seconds = perf_counter() - started
                    self._service.metrics.count_first_text(self._exchange.model, seconds)
                await self._send(send, event("delta", {"text": text}))
                # A send to a full or closed connection may return without a pause; this lets
                # the loop see to the other clients, and notice that this one has gone.
                await asyncio.sleep(0)
        answer = InferResponse.of(self._exchange).model_dump()
        await self._send(send, event("done", answer), is_last=True)

    async def _send(self, send: Send, chunk: bytes, *, is_last: bool = False) -> None:
        if not self._is_started:
            self._is_started = True
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
        await send({"type": "http.response.body", "body": chunk, "more_body": not is_last})
