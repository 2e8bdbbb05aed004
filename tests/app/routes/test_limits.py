from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Form, Request
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response

from app.routes import limits
from app.routes.draining import Drain
from app.routes.envelope import EnvelopeMiddleware, install_error_handlers
from app.routes.limits import STRANGERS_BODY_BYTES, LimitsMiddleware, admit
from app.settings import LimitSettings
from app.telemetry import Metrics
from tests.http import RawClient, get, listening, post, until

LIMITS = LimitSettings(body_bytes=100_000, body_s=0.3, request_s=0.3, concurrent_requests=2)


async def let_in(connection: HTTPConnection) -> None:
    admit(connection)


class Desk:
    """An application whose requests wait until they are let go."""

    def __init__(self, bounds: LimitSettings = LIMITS) -> None:
        self.metrics = Metrics()
        self.drain = Drain()
        self.let_go = asyncio.Event()
        self.num_waiting = 0
        self.app = FastAPI(openapi_url=None)
        install_error_handlers(self.app)
        shared: dict[str, Any] = {"metrics": self.metrics, "drain": self.drain}
        self.app.add_middleware(LimitsMiddleware, limits=bounds, **shared)
        self.app.add_middleware(EnvelopeMiddleware, **shared)
        known = [Depends(let_in)]
        self.app.add_api_route("/echo", self.echo, methods=["POST"], dependencies=known)
        self.app.add_api_route("/wait", self.wait, dependencies=known)
        self.app.add_api_route("/stranger", self.stranger, methods=["POST"])
        self.app.add_api_route("/livez", self.livez)

    async def echo(self, request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def stranger(self, key: Annotated[str, Form()]) -> Response:
        return PlainTextResponse(str(len(key)))

    async def wait(self) -> Response:
        self.num_waiting += 1
        await self.let_go.wait()
        return PlainTextResponse("done")

    async def livez(self) -> Response:
        return PlainTextResponse("live")


async def test_a_body_up_to_the_bound_is_read() -> None:
    async with listening(Desk().app) as port, await RawClient.connect(port) as client:
        await client.send(post("/echo", b"x" * LIMITS.body_bytes))

        assert (await client.reply()).body == b"100000"


async def test_a_body_that_says_it_is_too_large_is_refused_unread() -> None:
    async with listening(Desk().app) as port, await RawClient.connect(port) as client:
        await client.send(post("/echo", b"", length=50_000_000))
        reply = await client.reply()

        assert (reply.status, reply.code) == (413, "body_too_large")


async def test_who_expects_to_be_asked_is_not_asked_for_too_much() -> None:
    async with listening(Desk().app) as port, await RawClient.connect(port) as client:
        await client.send(post("/echo", b"", "Expect: 100-continue", length=50_000_000))

        assert (await client.reply()).status == 413


async def test_a_body_without_length_is_cut_off_at_the_bound() -> None:
    async with listening(Desk().app) as port, await RawClient.connect(port) as client:
        await client.send(
            b"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"4000\r\n%b\r\n" % (b"x" * 0x4000) * 7
        )
        reply = await client.reply()

        assert (reply.status, reply.code) == (413, "body_too_large")


@pytest.mark.parametrize("sent", [b"", b"x" * 10])
async def test_a_body_that_does_not_come_ends_the_request(sent: bytes) -> None:
    async with listening(Desk().app) as port, await RawClient.connect(port) as client:
        await client.send(post("/echo", sent, length=100))
        reply = await client.reply()

        assert (reply.status, reply.code) == (408, "body_timeout")
        assert reply.headers["x-should-retry"] == "true"


async def test_a_trickling_body_does_not_buy_time() -> None:
    async with listening(Desk().app) as port, await RawClient.connect(port) as client:
        await client.send(post("/echo", b"", length=100_000))

        async def trickle() -> None:
            while True:
                await client.send(b"x")
                await asyncio.sleep(0.02)

        async with asyncio.TaskGroup() as group:
            trickling = group.create_task(trickle())
            assert (await client.reply()).status == 408
            trickling.cancel()


async def test_one_request_too_many_is_refused_at_once_and_the_probes_answer() -> None:
    desk = Desk(LIMITS.model_copy(update={"request_s": 30.0}))
    async with listening(desk.app) as port:
        clients = [await RawClient.connect(port) for _ in range(3)]
        for client in clients[:2]:
            await client.send(get("/wait"))
        await until(lambda: desk.num_waiting == 2)
        await clients[2].send(get("/wait"))
        refused = await clients[2].reply()
        await clients[2].send(get("/livez"))
        alive = await clients[2].reply()
        desk.let_go.set()
        served = [(await client.reply()).body for client in clients[:2]]
        await clients[2].send(get("/wait"))
        again = await clients[2].reply()
        for client in clients:
            await client.close()

    assert (refused.status, refused.code) == (503, "overloaded")
    assert (refused.headers["retry-after"], refused.headers["retry-after-ms"]) == ("1", "1000")
    assert refused.headers["x-should-retry"] == "true"
    assert (alive.status, again.status, served) == (200, 200, [b"done", b"done"])
    assert b'penstock_requests_refused_total{code="overloaded"} 1.0' in desk.metrics.render()


def form(key: bytes, length: int | None = None) -> bytes:
    return post("/stranger", b"key=" + key, length=length).replace(
        b"application/json", b"application/x-www-form-urlencoded"
    )


async def test_strangers_who_send_slowly_keep_nobody_out() -> None:
    desk = Desk(LIMITS.model_copy(update={"body_s": 30.0}))
    desk.let_go.set()
    async with listening(desk.app) as port:
        strangers = [await RawClient.connect(port) for _ in range(5)]
        for stranger in strangers:
            await stranger.send(form(b"", length=100))
        async with await RawClient.connect(port) as client:
            await client.send(get("/livez") + get("/wait"))
            assert [(await client.reply()).body for _ in range(2)] == [b"live", b"done"]
        for stranger in strangers:
            await stranger.send(b"x" * 96)
            assert (await stranger.reply()).body == b"96"
            await stranger.close()


async def test_a_strangers_body_is_small() -> None:
    async with listening(Desk().app) as port, await RawClient.connect(port) as client:
        await client.send(form(b"x" * (STRANGERS_BODY_BYTES - 4)))
        assert (await client.reply()).status == 200
        await client.send(form(b"x" * (STRANGERS_BODY_BYTES - 3)))
        reply = await client.reply()

        assert (reply.status, reply.code) == (413, "body_too_large")


async def test_a_strangers_body_comes_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STRANGERS_BODY_S", 0.1)
    desk = Desk(LIMITS.model_copy(update={"body_s": 30.0, "request_s": 30.0}))
    async with listening(desk.app) as port, await RawClient.connect(port) as client:
        await client.send(form(b"", length=100))
        reply = await client.reply()

        assert (reply.status, reply.code) == (408, "body_timeout")


@pytest.mark.parametrize("request_bytes", [post("/echo", b"x", length=100), form(b"x", length=100)])
async def test_a_body_still_on_its_way_is_cut_with_an_answer(request_bytes: bytes) -> None:
    desk = Desk(LIMITS.model_copy(update={"body_s": 30.0, "request_s": 30.0}))
    async with listening(desk.app) as port, await RawClient.connect(port) as client:
        await client.send(request_bytes)
        await until(lambda: bool(desk.drain._on_cut))
        desk.drain.cut()
        reply = await client.reply()

        assert (reply.status, reply.code) == (503, "shutting_down")
        assert reply.headers["connection"] == "close"
        assert await client.until_closed() == b""
    assert not desk.drain._on_cut


async def test_a_request_that_takes_too_long_is_ended() -> None:
    desk = Desk()
    async with listening(desk.app) as port, await RawClient.connect(port) as client:
        await client.send(get("/wait"))
        reply = await client.reply()

    assert (reply.status, reply.code) == (504, "deadline_exceeded")
    assert b"http_server_active_requests 0.0" in desk.metrics.render()
