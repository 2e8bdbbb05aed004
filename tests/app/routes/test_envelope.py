from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from structlog.testing import capture_logs

from app import errors
from app.errors import Overloaded, PenstockError, StartupError, Unauthorized
from app.routes.draining import Drain
from app.routes.envelope import (
    EnvelopeMiddleware,
    envelope,
    error_response,
    install_error_handlers,
)
from app.telemetry import Metrics
from tests.http import RawClient, get, listening

PRIVATE = "text-of-a-request"


class Small(BaseModel):
    number: int


class House:
    def __init__(self) -> None:
        self.metrics, self.drain = Metrics(), Drain()
        self.app = FastAPI(openapi_url=None, redirect_slashes=False)
        install_error_handlers(self.app)
        self.app.add_middleware(EnvelopeMiddleware, metrics=self.metrics, drain=self.drain)
        self.app.add_api_route("/plain", self.plain)
        self.app.add_api_route("/small", self.small, methods=["POST"])
        self.app.add_api_route("/fail/{name}", self.fail)
        self.app.add_api_route("/half", self.half)

    async def plain(self) -> Response:
        return PlainTextResponse("fine", headers={"cache-control": "public"})

    async def small(self, body: Small) -> Response:
        return PlainTextResponse(str(body.number))

    async def fail(self, name: str) -> Response:
        if name == "unexpected":
            raise ValueError(PRIVATE)
        error: PenstockError = getattr(errors, name)()
        raise error

    async def half(self, request: Request) -> Response:
        async def pieces() -> AsyncGenerator[bytes]:
            yield b"half"
            raise ValueError(PRIVATE)

        return StreamingResponse(pieces())


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def client(house: House) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


def all_errors() -> list[type[PenstockError]]:
    kinds = [
        e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, PenstockError)
    ]
    return [kind for kind in kinds if not issubclass(kind, StartupError)]


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
async def test_every_error_has_the_one_shape(
    client: httpx.AsyncClient, kind: type[PenstockError]
) -> None:
    reply = await client.get(f"/fail/{kind.__name__}")

    assert reply.status_code == kind.status
    assert reply.json() == {
        "error": {
            "message": kind.default_message,
            "type": kind.type,
            "param": None,
            "code": kind.code,
        }
    }
    assert reply.headers["x-request-id"]
    assert reply.headers["x-should-retry"] in {"true", "false"}
    if kind.status == 503:
        assert int(reply.headers["retry-after"]) >= 1
        assert int(reply.headers["retry-after-ms"]) >= 1


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"/{PRIVATE}", 404, "not_found"),
        ("GET", "/plain/", 404, "not_found"),
        ("DELETE", "/plain", 405, "method_not_allowed"),
        ("BREW", "/plain", 405, "method_not_allowed"),
        ("POST", "/small", 400, "invalid_request"),
        ("GET", "/fail/unexpected", 500, "internal_error"),
    ],
)
async def test_the_frameworks_errors_have_it_too(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    reply = await client.request(method, path, content=f'{{"number": "{PRIVATE}"}}')

    assert reply.status_code == status
    assert reply.json()["error"]["code"] == code
    assert PRIVATE not in reply.text
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_a_wrong_method_is_told_the_right_ones(client: httpx.AsyncClient) -> None:
    assert (await client.post("/plain")).headers["allow"] == "GET"


async def test_an_unexpected_error_is_logged_and_not_told(client: httpx.AsyncClient) -> None:
    with capture_logs() as logged:
        reply = await client.get("/fail/unexpected")

    assert reply.json() == envelope(PenstockError())
    failure = next(entry for entry in logged if entry["event"] == "request_failed")
    assert failure["error"] == "ValueError"


async def test_the_connection_survives_an_unexpected_error(house: House) -> None:
    async with listening(house.app) as port, await RawClient.connect(port) as client:
        await client.send(get("/fail/unexpected"))
        assert (await client.reply()).status == 500
        await client.send(get("/plain"))
        assert (await client.reply()).status == 200


async def test_a_response_that_breaks_half_way_is_not_finished(house: House) -> None:
    async with listening(house.app) as port, await RawClient.connect(port) as client:
        await client.send(get("/half"))
        received = await client.until_closed()

    assert received.endswith(b"4\r\nhalf\r\n")


@pytest.mark.parametrize("header", ["x-request-id", "x-client-request-id"])
async def test_a_clients_request_id_comes_back(client: httpx.AsyncClient, header: str) -> None:
    reply = await client.get("/plain", headers={header: "abc-1.2_3"})

    assert reply.headers["x-request-id"] == "abc-1.2_3"


@pytest.mark.parametrize("given", ["a b", "a\tb", "x" * 129, "é", "a;b", ""])
async def test_a_strange_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    reply = await client.get("/plain", headers=[(b"x-request-id", given.encode())])

    assert len(reply.headers["x-request-id"]) == 32


async def test_what_a_route_says_itself_stays(client: httpx.AsyncClient) -> None:
    assert (await client.get("/plain")).headers["cache-control"] == "public"
    assert (await client.get("/nowhere")).headers["cache-control"] == "no-store"


async def test_a_draining_server_sends_its_clients_away(
    client: httpx.AsyncClient, house: House
) -> None:
    assert "connection" not in (await client.get("/plain")).headers
    house.drain.begin()
    assert (await client.get("/plain")).headers["connection"] == "close"


async def test_requests_are_counted_by_route_and_never_by_path(
    client: httpx.AsyncClient, house: House
) -> None:
    for number in range(50):
        await client.get(f"/fail/{PRIVATE}-{number}")
        await client.get(f"/{PRIVATE}-{number}")
    shown = house.metrics.render().decode()

    assert PRIVATE not in shown
    assert 'http_route="unmatched"' in shown
    assert shown.count("http_server_request_duration_seconds_count") == 2


async def test_probes_are_logged_quietly(client: httpx.AsyncClient) -> None:
    with capture_logs() as logged:
        await client.get("/livez")
        await client.get("/plain")

    assert [(entry["log_level"], entry["route"]) for entry in logged] == [
        ("debug", "unmatched"),
        ("info", "/plain"),
    ]


def test_an_error_says_whether_to_try_again() -> None:
    busy, wrong_key = error_response(Overloaded()), error_response(Unauthorized())

    assert (busy.headers["x-should-retry"], busy.headers["retry-after-ms"]) == ("true", "1000")
    assert wrong_key.headers["x-should-retry"] == "false"
    assert wrong_key.headers["www-authenticate"] == "Bearer"
    assert "retry-after" not in wrong_key.headers
