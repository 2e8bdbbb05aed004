"""F20: the service behind a filter is away, refuses, answers nonsense, or drips.

Whatever it does, nothing that was not judged is released unless the operator wrote `open`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from app.exchange import Action
from filters import Filter, Finding, Item, Options, Resources, Unit
from tests.faults.chains import lead, opened, placed

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
    ("hangs up", "raised"),
    ("401 {}", "raised"),
    ("429 {}", "raised"),
    ("500 {}", "raised"),
    ("503 {}", "raised"),
    ("200 <html>", "raised"),
    ('200 {"score": "high"}', "raised"),
    ('200 {"score": 7}', "raised"),
    ('200 {"score": NaN}', "raised"),
    ("200 {}", "raised"),
    ("200 ", "raised"),
    ("hangs", "timeout"),
    ("drips", "timeout"),
]


async def test_it_works_while_the_service_does() -> None:
    async with serving(GOOD) as backend, opened(placed(Remote, options={"url": backend.url})) as c:
        assert (await lead(c, "A text.")).released == "A text."
    async with serving(BAD) as backend, opened(placed(Remote, options={"url": backend.url})) as c:
        assert (await lead(c, "A text.")).verdict.action is Action.BLOCK


@pytest.mark.parametrize(("does", "kind"), FAULTS)
async def test_f20_nothing_passes_unjudged(does: str, kind: str) -> None:
    async with serving(does) as backend:
        settings = {"options": {"url": backend.url}, "deadline_ms": deadline(kind)}
        async with opened(placed(Remote, **settings)) as chain:
            came = await lead(chain, "A text.")

    assert (came.released, came.failure) == ("", "filter_failed")
    assert (came.verdict.action, came.verdict.error) == (Action.ERROR, kind)


@pytest.mark.parametrize(("does", "kind"), FAULTS)
async def test_f20_open_lets_pass_only_what_it_was_written_for(does: str, kind: str) -> None:
    policy, other = ("on_timeout", "on_error")[:: 1 if kind == "timeout" else -1]
    async with serving(does) as backend:
        settings = {"options": {"url": backend.url}, "deadline_ms": deadline(kind)}
        async with opened(placed(Remote, **settings, **{policy: "open"})) as chain:
            through = await lead(chain, "A text.")
        async with opened(placed(Remote, **settings, **{other: "open"})) as chain:
            held = await lead(chain, "A text.")

    assert (through.released, through.verdict.action) == ("A text.", Action.ERROR)
    assert (held.released, held.failure) == ("", "filter_failed")


def deadline(kind: str) -> float:
    """Return milliseconds: few where they shall run out."""
    return 200.0 if kind == "timeout" else 60_000.0


async def test_f20_a_service_that_refuses_connections_is_no_different() -> None:
    async with serving(GOOD) as gone:
        url = gone.url
    async with opened(placed(Remote, options={"url": url}, deadline_ms=60_000)) as chain:
        came = await lead(chain, "A text.")

    assert (came.released, came.verdict.error) == ("", "raised")


async def test_f20_a_service_that_is_down_is_not_asked_by_every_request() -> None:
    async with serving("503 {}") as backend:
        settings = {"options": {"url": backend.url}, "breaker_failures": 3}
        async with opened(placed(Remote, **settings)) as chain:
            came = [await lead(chain, "A text.") for _ in range(10)]
        assert backend.asked == 3

    assert {one.released for one in came} == {""}
    assert [one.verdict.error for one in came] == ["raised"] * 3 + ["circuit_open"] * 7
