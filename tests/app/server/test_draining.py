from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response
from uvicorn import Config

from app.errors import BundleError
from app.routes.draining import Drain
from app.server import BoundedProtocol, DrainingServer
from app.settings import RecorderSettings, Settings
from tests.http import RawClient, get, until

TERM = signal.SIGTERM


class Server(DrainingServer):
    """A server in the tests' own process, which must not exit."""

    last_resorts: list[float]

    def _exit_after(self, seconds: float) -> None:
        self.last_resorts.append(seconds)


class House:
    """One server, what happened to it, and a request that waits."""

    def __init__(self, fails: Exception | None = None, **settings: float) -> None:
        self.story: list[str] = []
        self.fails = fails
        self.let_go = asyncio.Event()
        self.num_waiting = 0
        self.drain = Drain()
        app = FastAPI(openapi_url=None)
        app.add_api_route("/wait", self.wait)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        config = Config(app, http=BoundedProtocol, ws="none", lifespan="off", log_config=None)
        chosen = Settings.model_validate({"shutdown_timeout_s": 30.0, **settings})
        self.server = Server(
            config, chosen, self.drain, self.service(), lambda: self.story.append("listening")
        )
        self.server.last_resorts = []

    async def wait(self) -> Response:
        self.num_waiting += 1
        interrupt = self.let_go.set
        self.drain.add(interrupt)
        await self.let_go.wait()
        return PlainTextResponse("cut" if self.drain.is_cut else "done")

    @asynccontextmanager
    async def service(self) -> AsyncGenerator[None]:
        self.story.append("open")
        if self.fails:
            raise self.fails
        yield
        self.story.append("closed")


@asynccontextmanager
async def serving(house: House) -> AsyncGenerator[RawClient]:
    """Run the server with one request in work; afterwards it has ended."""
    async with asyncio.TaskGroup() as group:
        group.create_task(house.server.serve([house.listener]))
        await until(lambda: house.server.started)
        async with await RawClient.connect(house.port) as client:
            await client.send(get("/wait"))
            await until(lambda: house.num_waiting == 1)
            yield client


async def test_the_service_is_open_before_and_closed_after_everything() -> None:
    house = House()
    async with serving(house) as client:
        assert house.story == ["open", "listening"]
        house.server.handle_exit(TERM, None)
        await until(lambda: house.drain.is_draining)
        house.let_go.set()
        assert (await client.reply()).body == b"done"

    assert house.story == ["open", "listening", "closed"]
    assert not house.drain.is_cut


async def test_while_the_delay_lasts_new_connections_are_served() -> None:
    house = House(drain_delay_s=0.4)
    async with serving(house):
        house.server.handle_exit(TERM, None)
        await until(lambda: house.drain.is_draining)
        house.let_go.set()
        async with await RawClient.connect(house.port) as other:
            await other.send(get("/wait"))
            assert (await other.reply()).body == b"done"
    with pytest.raises(OSError, match=r"(?i)refused|connect"):
        await RawClient.connect(house.port)


async def test_what_takes_too_long_is_cut() -> None:
    house = House(shutdown_timeout_s=0.2)
    async with serving(house) as client:
        house.server.handle_exit(TERM, None)
        assert (await client.reply()).body == b"cut"

    assert house.drain.is_cut


async def test_a_second_signal_cuts_at_once() -> None:
    house = House(drain_delay_s=600.0, shutdown_timeout_s=600.0)
    async with serving(house) as client:
        house.server.handle_exit(TERM, None)
        house.server.handle_exit(signal.SIGINT, None)
        assert (await client.reply()).body == b"cut"

    assert house.story[-1] == "closed"


async def test_the_end_has_a_last_resort_beyond_every_deadline() -> None:
    recorder = RecorderSettings(drain_timeout_s=7.0)
    house = House(drain_delay_s=0.1, shutdown_timeout_s=5.0, recorder=recorder)  # type: ignore[arg-type]
    async with serving(house):
        house.server.handle_exit(TERM, None)
        await until(lambda: bool(house.server.last_resorts))
        house.let_go.set()

    assert house.server.last_resorts[0] > 0.1 + 5.0 + 7.0


async def test_a_signal_does_not_come_back_after_the_end() -> None:
    """Uvicorn would raise it again, and the exit status would not be 0."""
    house = House()
    async with serving(house):
        house.server.handle_exit(TERM, None)
        house.let_go.set()

    assert house.server._captured_signals == []


async def test_a_service_that_cannot_be_opened_says_why() -> None:
    house = House(fails=BundleError("There is no bundle."))
    with pytest.raises(BundleError, match="There is no bundle"):
        await house.server.serve([house.listener])
    house.listener.close()

    assert house.story == ["open"]
