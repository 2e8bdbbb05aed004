"""The one shape of every error, and what every response carries.

{"error": {"message": "...", "type": "...", "param": null, "code": "..."}}
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from time import perf_counter
from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import InvalidRequest, MethodNotAllowed, NotFound, PenstockError, Unauthorized
from app.routes.draining import Drain
from app.routes.interruption import ClientGone
from app.routes.json_body import JsonResponse
from app.routes.validation import explain
from app.telemetry import Metrics

log = structlog.get_logger(__name__)

PROBES = frozenset({"/livez", "/readyz", "/healthz", "/health", "/metrics"})
"""Asked every few seconds: never limited, and logged at `debug` only."""

CLIENT_GONE = 499
"""Status in log and metrics of a request whose client left; it is never sent."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
ALWAYS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
"""Headers of every response that does not set them itself."""

# Trying again helps against these only.
_WORTH_RETRYING = frozenset({408, 429, 503})


def envelope(error: PenstockError) -> dict[str, Any]:
    """Return an error's body."""
    return {
        "error": {
            "message": error.message,
            "type": error.type,
            "param": error.param,
            "code": error.code,
        }
    }


def error_response(
    error: PenstockError,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> JsonResponse:
    """Return the response for an error, with the headers that say whether to try again.

    Args:
        error: what went wrong.
        headers: further headers.
        more: further members of the body, beside `error`.
    """
    body = {**(more or {}), **envelope(error)}
    response = JsonResponse(body, status_code=error.status, headers=dict(headers or {}))
    response.headers["x-should-retry"] = str(error.status in _WORTH_RETRYING).lower()
    if error.retry_after_s is not None:
        response.headers["retry-after"] = str(math.ceil(error.retry_after_s))
        response.headers["retry-after-ms"] = str(round(error.retry_after_s * 1_000))
    if isinstance(error, Unauthorized):
        response.headers["www-authenticate"] = "Bearer"
    return response


def reported(error: Exception) -> PenstockError:
    """Return what a client may know of an error; what only the log may know goes there."""
    if isinstance(error, PenstockError):
        if error.status == PenstockError.status:
            log.error("request_failed", error=error.code, exc_info=error)
        return error
    log.error("request_failed", error=type(error).__name__, exc_info=error)
    return PenstockError()


def install_error_handlers(app: FastAPI) -> None:
    """Give the framework's own errors the one shape too."""
    app.add_exception_handler(PenstockError, _on_penstock_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


async def _on_penstock_error(request: Request, error: Exception) -> JsonResponse:
    return error_response(reported(error))


async def _on_http_exception(request: Request, error: Exception) -> JsonResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class only
    if isinstance(error.__cause__, PenstockError):
        return error_response(reported(error.__cause__))  # met while a form was read
    known: dict[int, PenstockError] = {404: NotFound(), 405: MethodNotAllowed()}
    translated = known.get(error.status_code, InvalidRequest())
    if error.status_code not in known:
        translated.status = error.status_code
    return error_response(translated, error.headers)


async def _on_validation_error(request: Request, error: Exception) -> JsonResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class only
    return error_response(explain(error.errors()))


class EnvelopeMiddleware:
    """Outermost: names the request, catches every error, measures and logs."""

    def __init__(self, app: ASGIApp, metrics: Metrics, drain: Drain) -> None:
        self.app = app
        self.metrics = metrics
        self.drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        reply = _Reply(send, request_id(scope), self.drain)
        structlog.contextvars.bind_contextvars(request_id=reply.request_id)
        started = perf_counter()
        try:
            await self.app(scope, receive, reply.send)
        except (ClientGone, ClientDisconnect):
            reply.status = reply.status or CLIENT_GONE
        except Exception as error:  # noqa: BLE001  whatever it is, the client gets an answer
            await reply.fail(reported(error), scope, receive)
        finally:
            self._count(scope, reply.status or CLIENT_GONE, perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self.metrics.count_request(route, scope["method"], status, seconds)
        write = log.debug if scope["path"] in PROBES else log.info
        duration_ms = round(seconds * 1_000, 2)
        write("request", method=scope["method"], route=route, status=status, ms=duration_ms)


class _Reply:
    """One response on its way out."""

    def __init__(self, send: Send, request_id: str, drain: Drain) -> None:
        self._send = send
        self._drain = drain
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.request_id
            for name, value in ALWAYS.items():
                headers.setdefault(name, value)
            if self._drain.is_draining:
                headers["connection"] = "close"
        await self._send(message)

    async def fail(self, error: PenstockError, scope: Scope, receive: Receive) -> None:
        # A response that began cannot become an error; the server closes the connection.
        if not self.status:
            await error_response(error)(scope, receive, self.send)


def request_id(scope: Scope) -> str:
    """Return the id that the client gave its request, or a new one."""
    headers = Headers(scope=scope)
    given = headers.get("x-request-id") or headers.get("x-client-request-id") or ""
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex
