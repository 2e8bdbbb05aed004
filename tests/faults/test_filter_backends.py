"""F20: the service behind a filter is away, refuses, answers nonsense, or drips.

Whatever it does, nothing that was not judged is released unless the operator wrote `open`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, get_args

import httpx
import pytest
from pydantic import ValidationError

from app.exchange import Action
from app.settings.chain import Failure
from filters import Busy, Filter, Finding, Item, Options, Resources, Unavailable, Unit
from tests.faults.chains import Came, lead, opened, placed

pytestmark = pytest.mark.fault


class RemoteOptions(Options):
    """Where the service is."""

    url: str = ""


class Remote(Filter):
    """Lets a service measure, as plainly as an author would write it."""

    options_model = RemoteOptions
    options: RemoteOptions
    unit = Unit.document()

    async def setup(self, resources: Resources) -> None:
        self._client = httpx.AsyncClient(base_url=self.options.url, timeout=60.0, trust_env=False)

    async def check(self, item: Item) -> Finding | None:
        reply = await self._client.post("/score", json={"text": item.text})
        return Finding(reply.raise_for_status().json()["score"], "remote")

    async def close(self) -> None:
        await self._client.aclose()


class Telling(Remote):
    """The same, and says what kind of failure it was."""

    async def check(self, item: Item) -> Finding | None:
        try:
            return await super().check(item)
        except httpx.HTTPStatusError as error:
            if error.response.status_code == 429:
                raise Busy from error
            if error.response.is_server_error:
                raise Unavailable from error
            raise
        except httpx.TransportError as error:
            raise Unavailable from error


@dataclass
class Backend:
    """A service that does one thing, whatever it is asked."""

    does: str
    asked: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        try:
            await self._answer(writer)
        except ConnectionError:
            return  # it was hung up on
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        if self.does == "hangs":
            await asyncio.sleep(1_000)
        elif self.does == "hangs up":
            return
        elif self.does == "drips":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        else:
            status, _, body = self.does.partition(" ")
            head = (
                f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body.encode())
            await writer.drain()


@asynccontextmanager
async def serving(does: str) -> AsyncGenerator[Backend]:
    backend = Backend(does)
    server = await asyncio.start_server(backend.serve, "127.0.0.1", 0)
    backend.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield backend
    finally:
        server.close()


GOOD, BAD = '200 {"score": 0.1}', '200 {"score": 0.9}'
FAULTS = [
    ("refuses", "unavailable"),
    ("hangs up", "unavailable"),
    ("500 {}", "unavailable"),
    ("503 {}", "unavailable"),
    ("429 {}", "overloaded"),
    ("401 {}", "raised"),
    ("200 <html>", "raised"),
    ('200 {"score": "high"}', "raised"),
    ('200 {"score": 7}', "raised"),
    ('200 {"score": NaN}', "raised"),
    ("200 {}", "raised"),
    ("200 ", "raised"),
    ("hangs", "timeout"),
    ("drips", "timeout"),
]
EACH_FAULT = pytest.mark.parametrize(("does", "kind"), FAULTS)
KINDS = get_args(Failure)


async def came_of(
    does: str, kind: str, cls: type[Remote] = Telling, text: str = "A text.", **settings: Any
) -> Came:
    """Return what comes of a text while the service does that; a deadline is short if it shall pass."""
    async with serving(does) as backend:
        if does != "refuses":
            return await _led(cls, backend.url, kind, text, settings)
    return await _led(cls, backend.url, kind, text, settings)


async def _led(cls: type[Remote], url: str, kind: str, text: str, settings: Any) -> Came:
    deadline_ms = 200.0 if kind == "timeout" else 60_000.0
    async with opened(
        placed(cls, options={"url": url}, deadline_ms=deadline_ms, **settings)
    ) as chain:
        return await lead(chain, text)


@pytest.mark.parametrize("cls", [Remote, Telling])
async def test_it_works_while_the_service_does(cls: type[Remote]) -> None:
    assert (await came_of(GOOD, "", cls)).released == "A text."
    assert (await came_of(BAD, "", cls)).verdict.action is Action.BLOCK


@EACH_FAULT
async def test_f20_nothing_passes_unjudged(does: str, kind: str) -> None:
    came = await came_of(does, kind)

    code = "engine_busy" if kind == "overloaded" else "filter_failed"
    assert (came.released, came.failure) == ("", code)
    assert (came.verdict.action, came.verdict.error) == (Action.ERROR, kind)


@EACH_FAULT
async def test_f20_a_filter_that_does_not_say_why_is_closed_just_so(does: str, kind: str) -> None:
    came = await came_of(does, kind, Remote)

    assert (came.released, came.failure) == ("", "filter_failed")
    assert came.verdict.error == ("timeout" if kind == "timeout" else "raised")


@EACH_FAULT
async def test_f20_open_lets_pass_only_what_it_was_written_for(does: str, kind: str) -> None:
    policy, other = ("on_timeout", "on_error")[:: 1 if kind == "timeout" else -1]
    opening: dict[str, Any] = {policy: "open"}
    through = await came_of(does, kind, **opening)
    held = await came_of(does, kind, **{**opening, policy: "closed", other: "open"})

    assert (through.released, through.verdict.action) == ("A text.", Action.ERROR)
    assert held.released == ""


@EACH_FAULT
async def test_f20_each_kind_of_failure_has_a_policy_of_its_own(does: str, kind: str) -> None:
    others = {one: "open" for one in KINDS if one != kind}
    held = await came_of(does, kind, on_error=others)
    assert (held.released, held.verdict.error) == ("", kind)

    if kind != "timeout":
        through = await came_of(does, kind, on_error={kind: "open"})
        assert (through.released, through.verdict.error) == ("A text.", kind)


@pytest.mark.parametrize(
    ("does", "kind"), [("refuses", "unavailable"), ("429 {}", "overloaded"), ("401 {}", "raised")]
)
async def test_f20_in_a_process_of_its_own_it_is_no_different(does: str, kind: str) -> None:
    held = await came_of(does, kind, isolation="process")
    through = await came_of(does, kind, isolation="process", on_error={kind: "open"})

    assert (held.released, held.verdict.error) == ("", kind)
    assert (through.released, through.verdict.error) == ("A text.", kind)


@pytest.mark.parametrize("on_error", ["closed", {"raised": "open"}, {"unavailable": "open"}])
async def test_f20_a_service_that_is_down_is_not_asked_by_every_request(on_error: Any) -> None:
    async with serving("503 {}") as backend:
        settings = {"options": {"url": backend.url}, "breaker_failures": 3, "on_error": on_error}
        async with opened(placed(Telling, **settings)) as chain:
            came = [await lead(chain, "A text.") for _ in range(10)]
        assert backend.asked == 3

    assert [one.verdict.error for one in came] == ["unavailable"] * 3 + ["circuit_open"] * 7
    assert {one.released for one in came[3:]} == {""}


async def test_f20_what_is_let_pass_opens_no_circuit_that_would_hold_back() -> None:
    async with serving("503 {}") as backend:
        settings = {"options": {"url": backend.url}, "on_error": {"unavailable": "open"}}
        async with opened(placed(Telling, **settings)) as chain:
            came = [await lead(chain, "A text.") for _ in range(10)]

    assert [(one.released, one.verdict.error) for one in came] == [("A text.", "unavailable")] * 10


async def test_f20_what_is_held_back_opens_no_circuit_that_would_let_pass() -> None:
    async with serving("401 {}") as backend:
        settings = {"options": {"url": backend.url}, "on_error": {"circuit_open": "open"}}
        async with opened(placed(Telling, **settings)) as chain:
            came = [await lead(chain, "A text.") for _ in range(10)]

    assert [(one.released, one.verdict.error) for one in came] == [("", "raised")] * 10


@pytest.mark.parametrize(
    ("on_error", "why"),
    [
        ("opn", "should be 'closed' or 'open'"),
        ({"raised": "opn"}, "should be 'closed' or 'open'"),
        ({"unavailabel": "open"}, "nothing fails so; known are raised, unavailable, invalid"),
        ({"timeout": "open"}, "nothing fails so"),
        (["open"], "should be 'closed' or 'open'"),
    ],
)
def test_f20_a_policy_that_means_nothing_stops_the_start(on_error: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why) as raised:
        placed(Remote, on_error=on_error)
    assert raised.value.error_count() == 1
