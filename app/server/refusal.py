"""The answer to a request that the application never sees."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.errors import PenstockError
from app.routes.envelope import ALWAYS, error_response, request_id

Header = tuple[bytes, bytes]


def refusal(error: PenstockError, scope: Scope, headers: Iterable[Header]) -> bytes:
    """Return a whole response, as like to the application's own as can be.

    Args:
        error: why the request is refused.
        scope: the request as far as it is known; its `headers` may hold an id.
        headers: what the server sends with every response.
    """
    response = error_response(
        error, {"x-request-id": request_id(scope), "connection": "close", **ALWAYS}
    )
    lines = (b"%b: %b\r\n" % header for header in chain(headers, response.raw_headers))
    return b"".join([STATUS_LINE[error.status], *lines, b"\r\n", bytes(response.body)])
