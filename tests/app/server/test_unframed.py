from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.http import RawClient, listening


async def count() -> AsyncGenerator[bytes]:
    for number in (b"one ", b"two ", b"three"):
        yield number


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    whole = PlainTextResponse("one two three")
    response: Response = whole if scope["path"] == "/whole" else StreamingResponse(count())
    await response(scope, receive, send)


async def ask(version: str, path: str, method: str = "GET") -> tuple[bytes, bytes]:
    request = f"{method} {path} HTTP/{version}\r\nHost: test\r\nConnection: close\r\n\r\n"
    async with listening(app) as port, await RawClient.connect(port) as client:
        await client.send(request.encode())
        head, _, body = (await client.until_closed()).partition(b"\r\n\r\n")
    return head.lower(), body


async def test_a_stream_to_an_old_client_comes_as_it_is() -> None:
    head, body = await ask("1.0", "/stream")

    assert b"transfer-encoding" not in head
    assert b"content-length" not in head
    assert b"connection: close" in head
    assert body == b"one two three"


async def test_a_stream_comes_in_chunks_otherwise() -> None:
    head, body = await ask("1.1", "/stream")

    assert b"transfer-encoding: chunked" in head
    assert body == b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_whole_answer_keeps_its_length(version: str) -> None:
    head, body = await ask(version, "/whole")

    assert b"content-length: 13" in head
    assert body == b"one two three"


async def test_a_head_request_of_an_old_client_gets_no_body() -> None:
    head, body = await ask("1.0", "/stream", "HEAD")

    assert b" 200 " in head
    assert body == b""
