from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.staticfiles import StaticFiles
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from app.errors import StartupError
from app.routes.authentication import (
    PUBLIC_PATHS,
    KeyGuard,
    SignIn,
    check_routes,
    requires,
    unguarded,
)
from app.settings import LimitSettings
from app.store.database import Database
from app.store.keys import Scope
from tests.app.routes.serving import Desk
from tests.http import RawClient, get, listening, post, until


def routes(desk: Desk) -> Iterator[tuple[str, str, object]]:
    """Every route of the server with its methods and its guard, whatever router it came from."""
    for context in iter_route_contexts(desk.app.routes):
        dependant = getattr(context, "dependant", None)
        guard = dependant.dependencies[0].call if dependant and dependant.dependencies else None
        for method in context.methods or ():
            yield method, (context.path or "").replace("{exchange_id}", "x"), guard


async def test_nothing_answers_without_a_key_but_the_public_paths(desk: Desk) -> None:
    seen = set()
    async with desk.client(None) as client:
        for method, path, guard in routes(desk):
            reply = await client.request(method, path)
            seen.add(path)
            if path in PUBLIC_PATHS:
                assert reply.status_code == 200, path
            elif isinstance(guard, KeyGuard):
                assert reply.status_code == 401, path
                assert reply.headers["www-authenticate"] == "Bearer"
            elif not isinstance(guard, SignIn):
                assert path.startswith("/review"), path
                assert reply.status_code == 303, path
                assert reply.headers["location"].startswith("/review/sign-in")
    assert {"/infer", "/exchanges", "/metrics", "/version", "/openapi.json"} <= seen


async def test_a_key_opens_what_its_scope_says_and_no_more(desk: Desk) -> None:
    for scope in Scope:
        async with desk.client(scope) as client:
            for method, path, guard in routes(desk):
                if isinstance(guard, KeyGuard):
                    status = (await client.request(method, path)).status_code
                    allowed = guard.scope in (None, scope)
                    assert (status == 403) is not allowed, (scope, path)
                    assert status != 401


def test_the_servers_own_routes_are_all_guarded(desk: Desk) -> None:
    assert set(unguarded(desk.app.routes)) == PUBLIC_PATHS


async def hello() -> Response:
    return PlainTextResponse("hello")


def forgotten_route(app: FastAPI) -> None:
    app.add_api_route("/forgotten", hello)


def forgotten_in_a_router(app: FastAPI) -> None:
    inner, outer = APIRouter(), APIRouter(prefix="/outer")
    inner.add_api_route("/forgotten", hello)
    outer.include_router(inner)
    app.include_router(outer)


def guard_that_comes_second(app: FastAPI) -> None:
    second = [Depends(hello), requires(Scope.INFER)]
    app.add_api_route("/forgotten", hello, dependencies=second)


def plain_route(app: FastAPI) -> None:
    app.router.routes.append(Route("/forgotten", hello))


def mounted_app(app: FastAPI) -> None:
    app.router.routes.append(Mount("/forgotten", app=FastAPI()))


def files(app: FastAPI) -> None:
    app.mount("/forgotten", StaticFiles(directory="."))


def lookalike_of_a_public_path(app: FastAPI) -> None:
    app.add_api_route("/livez/", hello)


def socket(app: FastAPI) -> None:
    app.add_api_websocket_route("/forgotten", hello)


@pytest.mark.parametrize(
    "forget",
    [
        forgotten_route,
        forgotten_in_a_router,
        guard_that_comes_second,
        plain_route,
        mounted_app,
        files,
        lookalike_of_a_public_path,
        socket,
    ],
)
def test_a_route_without_a_guard_stops_the_start(forget: object) -> None:
    app = FastAPI(openapi_url=None)
    forget(app)  # type: ignore[operator]

    with pytest.raises(StartupError, match="does not say who may call it"):
        check_routes(app.routes)


def test_the_frameworks_own_pages_would_stop_it_too() -> None:
    with pytest.raises(StartupError, match=r"/openapi\.json"):
        check_routes(FastAPI().routes)


def test_guards_given_to_a_router_count() -> None:
    app = FastAPI(openapi_url=None)
    router = APIRouter(dependencies=[requires(Scope.REVIEW)])
    router.add_api_route("/a", hello)
    app.include_router(router, prefix="/b")
    app.add_api_route("/sign-in", hello, dependencies=[Depends(SignIn())])

    check_routes(app.routes)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer {}"},
        {"authorization": "bearer  {} "},
        {"x-api-key": "{}"},
        {"authorization": "Basic abc", "x-api-key": "{}"},
    ],
)
async def test_a_key_comes_in_either_header(desk: Desk, headers: dict[str, str]) -> None:
    secret = desk.secrets[Scope.INFER]
    async with desk.client(None) as client:
        reply = await client.get(
            "/version", headers={name: value.format(secret) for name, value in headers.items()}
        )

    assert reply.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer psk_wrong"},
        {"authorization": "Bearer " + "x" * 10_000},
        {"authorization": "Bearer é"},
        {"authorization": "Bearer psk_wrong", "x-api-key": "{}"},
        {"x-api-key": "{}x"},
        {"cookie": "key={}"},
    ],
)
async def test_anything_else_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    secret = desk.secrets[Scope.INFER]
    filled = [(name, value.format(secret).encode()) for name, value in headers.items()]
    async with desk.client(None) as client:
        reply = await client.get("/version", headers=[(n.encode(), v) for n, v in filled])

    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_only_who_has_a_key_takes_a_place(tmp_path: Path, database: Database) -> None:
    desk = Desk(tmp_path, database, limits=LimitSettings(concurrent_requests=1))
    await desk.open()
    sign_in = post("/review/sign-in", b"key=", length=100).replace(
        b"application/json", b"application/x-www-form-urlencoded"
    )
    async with listening(desk.app) as port:
        strangers = [await RawClient.connect(port) for _ in range(3)]
        first, second = [await RawClient.connect(port) for _ in range(2)]
        for stranger in strangers:
            await stranger.send(sign_in)
        await first.send(post("/infer", b"{", desk.bearer(), length=100))
        await until(lambda: b"active_requests 1.0" in desk.app.state.metrics.render())
        await second.send(get("/version", desk.bearer()))
        refused = await second.reply()
        first.abort()
        await until(lambda: b"active_requests 0.0" in desk.app.state.metrics.render())
        await second.send(get("/version", desk.bearer()))
        served = await second.reply()
        for client in (*strangers, second):
            client.abort()

    assert (refused.status, refused.code) == (503, "overloaded")
    assert served.status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1/livez?", "test/readyz#"])
async def test_the_host_header_opens_nothing(desk: Desk, host: str) -> None:
    async with desk.client(None) as client:
        assert (await client.get("/version", headers={"host": host})).status_code == 401
        assert (await client.get("/version/", headers={"host": host})).status_code == 404


async def test_a_revoked_key_is_refused_after_the_next_refresh(desk: Desk) -> None:
    key, secret = await desk.keys.create("short", frozenset({Scope.INFER}))
    await desk.ring.refresh()
    headers = {"x-api-key": secret}
    async with desk.client(None) as client:
        assert (await client.get("/version", headers=headers)).status_code == 200
        await desk.keys.revoke(str(key.id))
        await desk.ring.refresh()
        assert (await client.get("/version", headers=headers)).status_code == 401


async def test_a_key_ends_on_time_without_a_refresh(desk: Desk) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(milliseconds=300)
    _, secret = await desk.keys.create("short", frozenset({Scope.INFER}), soon)
    await desk.ring.refresh()
    assert desk.ring.find(secret) is not None
    while dt.datetime.now(dt.UTC) < soon:
        pass

    assert desk.ring.find(secret) is None
