from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from scripts.benchmarks.served import Served
from scripts.benchmarks.streaming import Refused, ask, pieces

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
DELTA = b'event: delta\ndata: {"text":"one "}\n\n'
DONE = b'event: done\ndata: {"usage":{"prompt_tokens":3,"completion_tokens":7}}\n\n'


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@asynccontextmanager
async def answering(*said: bytes) -> AsyncIterator[tuple[Served, list[bytes]]]:
    """Answer every connection with these bytes and close it; remember what was asked."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"}}"))
        for piece in said:
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield Served(f"http://127.0.0.1:{port}", "psk_1", 0, 0.0), asked


async def test_a_stream_is_read_to_its_end() -> None:
    async with answering(HEAD, chunked(DELTA), chunked(DELTA), chunked(DONE), b"0\r\n\r\n") as (
        server,
        asked,
    ):
        got = await ask(server, "Hé", {"max_tokens": 7})

    assert got.tokens == 7
    assert 0 < got.first_s <= got.total_s
    assert b"Authorization: Bearer psk_1" in asked[0]
    assert b'"stream": true, "parameters": {"max_tokens": 7}' in asked[0]


async def test_a_chunk_may_end_anywhere() -> None:
    half = len(DONE) // 2
    async with answering(HEAD, chunked(DELTA), chunked(DONE[:half]), chunked(DONE[half:])) as (
        server,
        _,
    ):
        assert (await ask(server, "one", {"a": 1})).tokens == 7


@pytest.mark.parametrize("said", [b'HTTP/1.1 503 Busy\r\n\r\n{"error": "busy"}', HEAD])
async def test_what_is_no_whole_stream_is_an_error(said: bytes) -> None:
    async with answering(said) as (server, _):
        with pytest.raises(Refused):
            await ask(server, "one", {"a": 1})


async def test_leaving_closes_the_connection() -> None:
    async with answering(HEAD, chunked(DELTA)) as (server, _):
        stream = pieces(server, "one", {"a": 1})
        assert (await anext(stream)).startswith(b"HTTP/1.1 200")
        await stream.aclose()
