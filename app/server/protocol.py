"""HTTP connections with deadlines and bounds, which uvicorn's own do not have.

A client that does not finish its headers or never reads its response is closed. One that sends too
many headers, cuts its body into crumbs or does not speak HTTP is told so first.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Self, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.errors import HeadersTooLarge, InvalidRequest, PenstockError
from app.server.refusal import refusal
from app.server.unframed import unframed
from app.telemetry import Metrics


class BoundedProtocol(HttpToolsProtocol):
    """One client's connection."""

    headers_s: ClassVar[float] = 10.0
    """Longest time for a request's headers, and for what still comes in after its response."""
    write_s: ClassVar[float] = 20.0
    """Longest time in which a client may not read what it is sent."""
    header_bytes: ClassVar[int] = 32_768
    """Most bytes for the request line, all headers and all trailers together."""
    body_parts: ClassVar[int] = 20_000
    """Most pieces that a body may come in; tiny chunks cost far more than their bytes."""

    metrics: ClassVar[Metrics | None] = None
    """Where refused requests are counted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None
        self._in_headers = True
        self._num_header_bytes = 0
        self._num_unparsed_bytes = 0
        self._num_parts = 0
        self._is_refused = False

    @classmethod
    def counting(cls, metrics: Metrics) -> type[Self]:
        """Return the same protocol, which counts what it refuses."""
        return type(cls.__name__, (cls,), {"metrics": metrics})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, and the time for its first request."""
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _cancel(self._read_deadline)
        _cancel(self._write_deadline)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent, within the bounds."""
        if self._is_refused:
            return
        self._num_unparsed_bytes += len(data)
        super().data_received(data)
        # The parser keeps an unfinished header, trailer or chunk extension to itself.
        if self._num_unparsed_bytes > self.header_bytes:
            self._refuse(HeadersTooLarge())

    def on_message_begin(self) -> None:
        """Begin to count a request's headers."""
        self._in_headers = True
        self._num_header_bytes = self._num_parts = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the request line."""
        self._num_header_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; what comes after a body is no header and is dropped."""
        self._num_header_bytes += len(name) + len(value) + len(b": \r\n")
        if self._num_header_bytes > self.header_bytes:
            self._refuse(HeadersTooLarge())
        elif self._in_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin the request, unless its headers are too large."""
        self._num_unparsed_bytes = 0
        _cancel(self._read_deadline)
        if self._num_header_bytes > self.header_bytes:
            self._refuse(HeadersTooLarge())
        elif not self._names_one_host():
            self._refuse(InvalidRequest("The request needs one Host header."))
        if not self._is_refused:
            self._in_headers = False
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._num_unparsed_bytes = 0
        self._num_parts += 1
        if self._num_parts > self.body_parts:
            self._refuse(InvalidRequest("The request body comes in too many pieces."))
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request's body."""
        self._in_headers = True
        self._num_unparsed_bytes = 0
        if not self._is_refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """End a response.

        Unless a further request is in work already, the client may go on with the rest of its
        body or a new request.
        """
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._expect_headers()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, also if the client has not read its last response."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        """Begin the time in which the client must read."""
        super().pause_writing()
        _cancel(self._write_deadline)
        self._write_deadline = self.loop.call_later(self.write_s, self.transport.abort)

    def resume_writing(self) -> None:
        """End that time."""
        _cancel(self._write_deadline)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, in the shape of every error."""
        self._refuse(InvalidRequest("This is not a valid HTTP request."))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        served: Any = unframed(app, cycle) if cycle.scope["http_version"] == "1.0" else app
        super()._start_asgi_task(cycle, served)

    def _names_one_host(self) -> bool:
        num_hosts = sum(name == b"host" for name, _ in self.headers)
        return num_hosts == 1 or (num_hosts == 0 and self.parser.get_http_version() == "1.0")

    def _expect_headers(self) -> None:
        _cancel(self._read_deadline)
        self._read_deadline = self.loop.call_later(self.headers_s, self.transport.close)

    def _refuse(self, error: PenstockError) -> None:
        """Take nothing more from this client, and tell it why unless an answer has begun."""
        if self._is_refused:
            return
        self._is_refused = True
        if self.metrics:
            self.metrics.refused.labels(error.code).inc()
        cycle = cast("RequestResponseCycle | None", self.cycle)
        is_at_work = cycle is not None and not cycle.response_complete
        if cycle is not None and is_at_work and self._in_headers:
            cycle.keep_alive = False  # the requests before this one still get their answers
            return
        if self._is_unanswered():
            scope = {"type": "http", "headers": self.headers or []}
            self.transport.write(refusal(error, scope, self.server_state.default_headers))
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()

    def _is_unanswered(self) -> bool:
        """Whether the client waits for nothing but the answer to what it is sending."""
        if self.transport.is_closing():
            return False
        if self._in_headers:
            return True
        return not self.cycle.response_started and not self.pipeline


def _cancel(deadline: asyncio.TimerHandle | None) -> None:
    if deadline is not None:
        deadline.cancel()
