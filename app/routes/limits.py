"""Bounds on what a client may take: requests at once, bytes, and time."""

from __future__ import annotations

import asyncio

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTimeout, BodyTooLarge, DeadlineExceeded, Overloaded, ShuttingDown
from app.routes.draining import Drain
from app.routes.envelope import PROBES
from app.settings import LimitSettings
from app.telemetry import Metrics

STRANGERS_BODY_BYTES = 8_192
"""Largest body from somebody who has shown no key; the sign-in needs no more."""
STRANGERS_BODY_S = 5.0
"""Longest time that such a body may take."""

_VISIT = "penstock.visit"


class LimitsMiddleware:
    """Refuses at once what is too much, and ends what takes too long.

    A request may take `request_s` for its work and `body_s` for its body. The pipeline keeps the
    first bound itself and says so in the exchange; this one is for everything else. A request
    counts from the moment when its caller is known: strangers cannot keep others out.
    """

    def __init__(self, app: ASGIApp, limits: LimitSettings, metrics: Metrics, drain: Drain) -> None:
        self.app = app
        self.limits = limits
        self.metrics = metrics
        self.drain = drain
        self._in_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within the bounds.

        Raises:
            DeadlineExceeded: the request's time is over.
        """
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        visit = scope[_VISIT] = _Visit(self, scope, receive)
        deadline = asyncio.timeout(self.limits.request_s + self.limits.body_s)
        try:
            async with deadline:
                await self.app(scope, visit.receive, send)
        except TimeoutError:
            if deadline.expired():
                raise DeadlineExceeded from None
            raise
        finally:
            if visit.is_admitted:
                self._count(-1)

    def enter(self) -> None:
        """Count one more request.

        Raises:
            Overloaded: too many requests are in work.
        """
        if self._in_work >= self.limits.concurrent_requests:
            self.metrics.refused.labels(Overloaded.code).inc()
            raise Overloaded
        self._count(1)

    def _count(self, change: int) -> None:
        self._in_work += change
        self.metrics.in_work.set(self._in_work)


def admit(connection: HTTPConnection) -> None:
    """Let a request whose caller is known take its place among those in work.

    Raises:
        Overloaded: too many requests are in work.
    """
    visit: _Visit | None = connection.scope.get(_VISIT)
    if visit and not visit.is_admitted:
        visit.admit()


class _Visit:
    """One request: whether it is counted, and its body, up to a size and a time."""

    def __init__(self, door: LimitsMiddleware, scope: Scope, receive: Receive) -> None:
        self.is_admitted = False
        self._door = door
        self._receive = receive
        self._announced = _content_length(scope)
        self._num_bytes = 0
        self._is_complete = False
        self._began = asyncio.get_running_loop().time()
        limits = door.limits
        self._most_bytes = min(STRANGERS_BODY_BYTES, limits.body_bytes)
        self._most_s = min(STRANGERS_BODY_S, limits.body_s)

    def admit(self) -> None:
        self._door.enter()
        self.is_admitted = True
        limits = self._door.limits
        self._most_bytes, self._most_s = limits.body_bytes, limits.body_s

    async def receive(self) -> Message:
        """Return the next part of the body, or that the client has gone.

        Raises:
            BodyTooLarge: the body is larger than allowed, or says that it will be.
            BodyTimeout: it takes too long.
            ShuttingDown: the server cannot wait for it any more.
        """
        if self._is_complete:
            return await self._receive()
        if self._announced > self._most_bytes:
            raise BodyTooLarge
        message = await self._next_part()
        self._num_bytes += len(message.get("body", b""))
        if self._num_bytes > self._most_bytes:
            raise BodyTooLarge
        self._is_complete = not message.get("more_body", False)
        return message

    async def _next_part(self) -> Message:
        loop, drain = asyncio.get_running_loop(), self._door.drain
        deadline = asyncio.timeout_at(self._began + self._most_s)

        def stop() -> None:
            deadline.reschedule(loop.time())

        try:
            async with deadline:
                drain.add(stop)
                try:
                    return await self._receive()
                finally:
                    drain.discard(stop)
        except TimeoutError:
            raise (ShuttingDown if drain.is_cut else BodyTimeout) from None


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:18])  # a longer number is far beyond any bound already
    return 0
