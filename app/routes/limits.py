"""Bounds on what a client may take: requests at once, bytes, and time."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTimeout, BodyTooLarge, DeadlineExceeded, Overloaded
from app.routes.envelope import PROBES
from app.settings import LimitSettings
from app.telemetry import Metrics


class LimitsMiddleware:
    """Refuses at once what is too much, and ends what takes too long.

    A request may take `request_s` for its work and `body_s` for its body. The pipeline keeps the
    first bound itself and says so in the exchange; this one is for everything else.
    """

    def __init__(self, app: ASGIApp, limits: LimitSettings, metrics: Metrics) -> None:
        self.app = app
        self.limits = limits
        self.metrics = metrics
        self._in_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within the bounds.

        Raises:
            Overloaded: too many requests are in work.
            DeadlineExceeded: the request's time is over.
        """
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        if self._in_work >= self.limits.concurrent_requests:
            self.metrics.refused.labels(Overloaded.code).inc()
            raise Overloaded
        self._in_work += 1
        self.metrics.in_work.set(self._in_work)
        try:
            await self._serve(scope, receive, send)
        finally:
            self._in_work -= 1
            self.metrics.in_work.set(self._in_work)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _BoundedBody(scope, receive, self.limits)
        deadline = asyncio.timeout(self.limits.request_s + self.limits.body_s)
        try:
            async with deadline:
                await self.app(scope, body.receive, send)
        except TimeoutError:
            if deadline.expired():
                raise DeadlineExceeded from None
            raise


class _BoundedBody:
    """A request's body, up to a size and a time."""

    def __init__(self, scope: Scope, receive: Receive, limits: LimitSettings) -> None:
        self._receive = receive
        self._limits = limits
        self._announced = _content_length(scope)
        self._num_bytes = 0
        self._is_complete = False
        self._deadline = asyncio.get_running_loop().time() + limits.body_s

    async def receive(self) -> Message:
        """Return the next part of the body, or that the client has gone.

        Raises:
            BodyTooLarge: the body is larger than allowed, or says that it will be.
            BodyTimeout: it takes too long.
        """
        if self._is_complete:
            return await self._receive()
        if self._announced > self._limits.body_bytes:
            raise BodyTooLarge
        deadline = asyncio.timeout_at(self._deadline)
        try:
            async with deadline:
                message = await self._receive()
        except TimeoutError:
            raise BodyTimeout from None
        self._num_bytes += len(message.get("body", b""))
        if self._num_bytes > self._limits.body_bytes:
            raise BodyTooLarge
        self._is_complete = not message.get("more_body", False)
        return message


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:18])  # a longer number is far beyond any bound already
    return 0
