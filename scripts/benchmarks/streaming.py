"""Clients that ask a server for a stream; plain sockets, so that they take little from its cores."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from scripts.benchmarks.served import Served

DEADLINE_S = 300.0


class Refused(Exception):
    """The server did not answer with a whole stream; the message is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """One answer, as its client saw it."""

    first_s: float
    """Until the first text."""
    total_s: float
    tokens: int


async def ask(server: Served, prompt: str, parameters: dict[str, Any]) -> Streamed:
    """Ask `/infer` for a stream and read it to its end.

    Raises:
        Refused: another status than 200, or no last event.
    """
    began = time.perf_counter()
    first_s, said = 0.0, b""
    async with asyncio.timeout(DEADLINE_S):
        async for piece in pieces(server, prompt, parameters):
            said += piece
            if not first_s and b"event: delta" in said:
                first_s = time.perf_counter() - began
    head, found, last = said.rpartition(b"event: done")
    if not found:
        raise Refused(head[-300:].decode("utf-8", "replace") or last[-300:].decode())
    told = json.loads(_without_chunks(last).partition(b"data: ")[2])
    return Streamed(first_s, time.perf_counter() - began, told["usage"]["completion_tokens"])


async def pieces(
    server: Served, prompt: str, parameters: dict[str, Any]
) -> AsyncGenerator[bytes, None]:
    """Yield what comes back, as it comes; ending the iteration closes the connection."""
    address = urlsplit(server.url)
    body = json.dumps({"prompt": prompt, "stream": True, "parameters": parameters}).encode()
    head = (
        f"POST /infer HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
        f"Authorization: Bearer {server.key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(head.encode() + body)
        while piece := await reader.read(65_536):
            yield piece
    finally:
        writer.close()


def _without_chunks(said: bytes) -> bytes:
    """Leave out the lengths between the chunks of the response, and what follows the data."""
    lines = [line for line in said.split(b"\r\n") if line and not _is_length(line)]
    return b"".join(lines)


def _is_length(line: bytes) -> bool:
    return len(line) <= 6 and all(one in b"0123456789abcdefABCDEF" for one in line)
