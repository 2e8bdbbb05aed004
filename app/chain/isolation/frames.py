"""What the server and a filter's process say to each other: JSON, each with its length before it.

No pickles: whatever became of the process, it can only send a finding or something that is none.
"""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import asdict, replace
from numbers import Integral, Real
from time import monotonic
from typing import Any

from filters import Context, Evidence, Finding, Item, Passage, Range, Role, Stage

MOST_BYTES = 16_000_000
"""Of one message."""
_SIZE = struct.Struct(">I")


def send(connection: socket.socket, message: dict[str, Any], until: float | None = None) -> None:
    """Send one message.

    Raises:
        TimeoutError: it could not be sent before `until`, a moment of the monotonic clock.
        OSError: nobody is at the other end.
        ValueError: it is too long.
    """
    # Not escaped: two lone surrogates side by side would come over as one character.
    text = json.dumps(message, default=_plain, ensure_ascii=False)
    body = text.encode("utf-8", "surrogatepass")
    if len(body) > MOST_BYTES:
        raise ValueError("the message is too long")
    connection.settimeout(_left(until))
    connection.sendall(_SIZE.pack(len(body)) + body)


def receive(connection: socket.socket, until: float | None = None) -> dict[str, Any]:
    """Wait for one message.

    Raises:
        TimeoutError: it was not there before `until`, a moment of the monotonic clock.
        EOFError: the other end has gone.
        OSError: the connection is broken.
        ValueError: it is no message, or too long.
    """
    (size,) = _SIZE.unpack(_read(connection, _SIZE.size, until))
    if size > MOST_BYTES:
        raise ValueError("the message is too long")
    message = json.loads(_read(connection, size, until).decode("utf-8", "surrogatepass"))
    if not isinstance(message, dict):
        raise ValueError("no message")  # noqa: TRY004  what came has no type of ours
    return message


def item_message(item: Item) -> dict[str, Any]:
    """Return an item as JSON values."""
    return asdict(item)


def read_item(message: dict[str, Any]) -> Item:
    """Return the item that `item_message` wrote."""
    written = message["context"]
    passages = tuple(Passage(**passage) for passage in written["passages"])
    stage = Stage(written["stage"])
    context = Context(
        stage,
        written["question"],
        passages,
        abstained=written["abstained"],
        instructions=tuple(written["instructions"]),
        role=Role(written["role"]),
    )
    places = (message[name] for name in ("start", "before", "after"))
    return Item(message["text"], context, *places)


def finding_message(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON values."""
    return asdict(replace(finding, scores=dict(finding.scores)))


def read_finding(message: dict[str, Any]) -> Finding:
    """Return the finding that `finding_message` wrote.

    Raises:
        TypeError: it is none.
        ValueError: it is none.
        LookupError: it is none.
    """
    return Finding(
        message["score"],
        message["label"],
        tuple(Range(**found) for found in message["ranges"]),
        tuple(Evidence(**piece) for piece in message["evidence"]),
        tuple(Passage(**passage) for passage in message["passages"]),
        message["scores"],
    )


def _plain(value: object) -> int | float:
    if isinstance(value, Integral):  # numpy's scalars are numbers, but no ints and floats
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError("not a JSON value")


def _left(until: float | None) -> float | None:
    if until is None:
        return None
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _read(connection: socket.socket, size: int, until: float | None) -> bytes:
    content = bytearray()
    while len(content) < size:
        connection.settimeout(_left(until))
        piece = connection.recv(size - len(content))
        if not piece:
            raise EOFError
        content += piece
    return bytes(content)
