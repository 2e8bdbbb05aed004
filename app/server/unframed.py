"""Responses to HTTP/1.0, which knows no chunks: without a length they end with the connection."""

from __future__ import annotations

import sys

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def unframed(app: ASGIApp, cycle: RequestResponseCycle) -> ASGIApp:
    """Return the application with its streams to this request left without chunks."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        is_unframed = False

        async def send_unframed(message: Message) -> None:
            nonlocal is_unframed
            if message["type"] == "http.response.start":
                names = {name for name, _ in message.get("headers", ())}
                is_unframed = b"content-length" not in names
                if is_unframed:
                    # The cycle then writes bodies as they are, up to a length nobody reaches.
                    cycle.chunked_encoding, cycle.expected_content_length = False, sys.maxsize
            elif is_unframed and not message.get("more_body"):
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await app(scope, receive, send_unframed)

    return serve
