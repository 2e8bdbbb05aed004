from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.server import BoundedProtocol
from app.telemetry import Metrics
from tests.http import RawClient, chunked, get, listening, post


class Impatient(BoundedProtocol):
    headers_s = 0.2
    write_s = 0.2
    header_bytes = 1_000
    body_parts = 10


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def headers(request: Request) -> Response:
    await request.body()
    return JSONResponse(sorted(request.headers))


async def rest(request: Request) -> Response:
    await asyncio.sleep(2 * Impatient.headers_s)
    return PlainTextResponse("rested")


async def ignore(request: Request) -> Response:
    return PlainTextResponse("no interest in your body")


app = Starlette(
    routes=[
        Route("/echo", echo, methods=["GET", "POST"]),
        Route("/headers", headers, methods=["GET", "POST"]),
        Route("/rest", rest),
        Route("/ignore", ignore, methods=["POST"]),
    ]
)


async def test_requests_are_served_one_after_the_other() -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        for body in (b"abc", b"", b"x" * 100_000):
            await client.send(post("/echo", body))
            reply = await client.reply()
            assert (reply.status, reply.body) == (200, str(len(body)).encode())


async def test_pipelined_requests_are_served_in_order() -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(post("/echo", b"abc") + get("/echo") + post("/echo", b"a"))

        assert [(await client.reply()).body for _ in range(3)] == [b"3", b"0", b"1"]


async def test_a_pipelined_request_has_its_time() -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(get("/echo") + get("/rest") + get("/rest"))

        assert [(await client.reply()).body for _ in range(3)] == [b"0", b"rested", b"rested"]


@pytest.mark.parametrize(
    "beginning", [b"", b"GET /echo HT", b"GET /echo HTTP/1.1\r\nHost: test\r\nX-A: b", b"\r\n"]
)
async def test_who_does_not_finish_the_headers_is_closed(beginning: bytes) -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(beginning)

        assert await client.until_closed() == b""


async def test_trickling_headers_do_not_buy_time() -> None:
    async def trickle(client: RawClient) -> None:
        while True:
            await client.send(b"X-A: b\r\n")
            await asyncio.sleep(0.02)

    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(get("/echo") + b"GET /echo HTTP/1.1\r\n")
        assert (await client.reply()).status == 200
        with pytest.raises(ExceptionGroup) as raised:
            async with asyncio.timeout(10), asyncio.TaskGroup() as group:
                group.create_task(trickle(client))
        assert raised.group_contains(OSError)


@pytest.mark.parametrize(
    "request_bytes",
    [
        get("/echo", "X-A: " + "b" * 2_000),
        get("/echo", *[f"X-{number}: {'b' * 50}" for number in range(50)]),
        get("/echo", *["a:"] * 400),
        get("/echo?" + "a" * 2_000),
        b"GET /echo HTTP/1.1\r\nX-A: " + b"b" * 2_000,
        b"G" * 2_000,
    ],
)
async def test_too_large_headers_are_refused(request_bytes: bytes) -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(request_bytes)
        reply = await client.reply()

        assert reply.status in {400, 431}
        assert reply.code in {"headers_too_large", "invalid_request"}
        assert reply.headers["connection"] == "close"
        assert await client.until_closed() == b""


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /echo HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + b"9" * 100 + b"\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nHost : test\r\n\r\n",
        b"GET /echo HTTP/1.1\r\n\r\n",
        get("/echo", "host: other"),
        b"GET /echo HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_the_one_error_shape(request_bytes: bytes) -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(request_bytes)
        reply = await client.reply()

        assert (reply.status, reply.code) == (400, "invalid_request")
        assert await client.until_closed() == b""


async def test_an_old_client_need_not_name_the_host() -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(b"GET /echo HTTP/1.0\r\n\r\n")

        assert (await client.reply()).body == b"0"


async def test_a_body_in_crumbs_is_refused() -> None:
    crumbs = b"1\r\na\r\n" * 50 + b"0\r\n\r\n"
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(chunked("/echo") + crumbs)

        assert b"200 OK" not in await client.until_closed()


async def test_trailers_are_no_headers() -> None:
    trailers = b"Authorization: Bearer x\r\nX-API-Key: x\r\n\r\n"
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(chunked("/headers") + b"1\r\na\r\n0\r\n" + trailers + get("/headers"))

        assert (await client.reply()).json == ["host", "transfer-encoding"]
        assert (await client.reply()).json == ["host"]


@pytest.mark.parametrize(
    "flood", [b"X-A: " + b"b" * 50 + b"\r\n", b"b" * 100], ids=["many trailers", "one endless"]
)
@pytest.mark.parametrize("beginning", [b"1\r\na\r\n0\r\nX-A: b\r\nX-B: ", b"1;"])
async def test_endless_trailers_are_refused(beginning: bytes, flood: bytes) -> None:
    async def pour(client: RawClient) -> None:
        while True:
            await client.send(flood)
            await asyncio.sleep(0)

    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(chunked("/echo") + beginning)
        with pytest.raises(ExceptionGroup) as raised:
            async with asyncio.timeout(10), asyncio.TaskGroup() as group:
                group.create_task(pour(client))
        assert raised.group_contains(OSError)


async def test_trailers_in_one_packet_are_refused_too() -> None:
    trailers = b"X-A: b\r\n" * 1_000
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(chunked("/echo") + b"1\r\na\r\n0\r\n" + trailers + b"\r\n")

        assert b"200 OK" not in await client.until_closed()


async def test_a_large_body_in_small_packets_is_served() -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(chunked("/echo"))
        for _ in range(5):
            await client.send(b"400\r\n" + b"x" * 0x200)
            await asyncio.sleep(0.001)
            await client.send(b"x" * 0x200 + b"\r\n")
        await client.send(b"0\r\n\r\n")

        assert (await client.reply()).body == b"5120"


@pytest.mark.parametrize("fault", [b"zz\r\na\r\n", b"1\r\naa\r\n", b"1\r\na\r\n" * 50])
async def test_a_faulty_body_is_answered_once(fault: bytes) -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(chunked("/echo") + b"1\r\na\r\n")
        await asyncio.sleep(0.01)
        await client.send(fault)
        reply = await client.reply()

        assert (reply.status, reply.code) == (400, "invalid_request")
        assert await client.until_closed() == b""


async def test_a_fault_after_the_answer_is_not_answered() -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(chunked("/ignore") + b"1\r\na\r\n")
        assert (await client.reply()).body == b"no interest in your body"
        await client.send(b"zz\r\n")

        assert await client.until_closed() == b""


async def test_a_fault_in_the_next_request_does_not_cost_the_answer() -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(get("/rest"))
        await asyncio.sleep(0.01)
        await client.send(b"\x16\x03\x01 no HTTP")

        assert (await client.reply()).body == b"rested"
        assert await client.until_closed() == b""


async def test_a_refusal_is_like_every_error_and_counted() -> None:
    metrics = Metrics()
    async with listening(app, Impatient.counting(metrics)) as port:
        async with await RawClient.connect(port) as client:
            await client.send(get("/echo", "X-Request-Id: r-1", "X-A: " + "b" * 2_000))
            too_large = (await client.reply()).headers
        async with await RawClient.connect(port) as client:
            await client.send(b"\x16\x03\x01")
            no_http = (await client.reply()).headers

    assert too_large["x-request-id"] == "r-1"
    assert len(no_http["x-request-id"]) == 32
    for headers in (too_large, no_http):
        assert headers["x-should-retry"] == "false"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["content-type"] == "application/json"
    assert b'penstock_requests_refused_total{code="headers_too_large"} 1.0' in metrics.render()
    assert b'penstock_requests_refused_total{code="invalid_request"} 1.0' in metrics.render()


async def test_a_refused_body_does_not_hide_the_answer() -> None:
    async with listening(app, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(post("/ignore", b"x" * 200_000, length=100_000_000))
        assert (await client.reply()).body == b"no interest in your body"

        assert await client.until_closed() == b""


async def test_who_never_reads_is_cut_off() -> None:
    gone = asyncio.Event()

    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        async def forever() -> AsyncGenerator[bytes]:
            while True:
                yield b"x" * 65_536
                await asyncio.sleep(0)

        try:
            await StreamingResponse(forever())(scope, receive, send)
        finally:
            gone.set()

    async with listening(flood, Impatient) as port, await RawClient.connect(port) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(get("/"))
        async with asyncio.timeout(10):
            await gone.wait()


async def test_a_slow_reader_gets_everything() -> None:
    size = 3_000_000

    async def big(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"x" * size)(scope, receive, send)

    async with listening(big, Impatient) as port, await RawClient.connect(port) as client:
        await client.send(get("/"))

        assert len((await client.reply()).body) == size
