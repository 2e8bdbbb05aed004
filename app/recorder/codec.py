"""An exchange as bytes and back, exactly: any text, also with NUL and lone surrogates.

The bytes are one line of JSON. They are UTF-8 with surrogates passed through, so a line
never holds a raw line feed, and two surrogates that stand side by side stay two.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from numbers import Integral, Real
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson

from app.exchange import (
    Action,
    Citation,
    Edit,
    Exchange,
    FinishReason,
    Message,
    Mode,
    Outcome,
    Usage,
    Verdict,
)
from filters import Evidence, Passage, Range, Stage

VERSION = 1
"""Of the format. Raise it with every change of a recorded class, and keep reading the old ones."""


class Unencodable(ValueError):
    """The exchange holds a value that cannot be written, or one nested too deeply."""


class Undecodable(ValueError):
    """The bytes are no exchange."""


class NewerFormat(ValueError):
    """A newer version of the server wrote these bytes."""


def encode(exchange: Exchange) -> bytes:
    """Return the exchange as one line of JSON, without the line feed.

    Raises:
        Unencodable: `parameters` or `metadata` hold something other than JSON values.
    """
    written = {"v": VERSION, "exchange": exchange}
    try:
        return orjson.dumps(written, default=_plain)
    except orjson.JSONEncodeError:
        pass  # lone surrogates and large numbers are no JSON to it; the slow way takes them
    try:
        return _write(written).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError) as error:
        # The message may quote the value, which came from a request.
        raise Unencodable(type(error).__name__) from None


def decode(line: bytes) -> Exchange:
    """Return the exchange that `encode` wrote, in this version or an older one.

    Raises:
        NewerFormat: only a newer server can read it.
        Undecodable: it cannot be read at all.
    """
    try:
        written = json.loads(line.decode("utf-8", "surrogatepass"))
        version = written["v"]
        if version in _READERS:
            return _READERS[version](written["exchange"])
        newer = isinstance(version, int) and version > VERSION
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise Undecodable(type(error).__name__) from None
    raise NewerFormat if newer else Undecodable("version")


def _shape(kind: type[Any]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    # orjson leaves out what is private as well.
    names = tuple(field.name for field in fields(kind) if not field.name.startswith("_"))
    return names, attrgetter(*names)


_SHAPES = {
    kind: _shape(kind)
    for kind in (
        *(Exchange, Message, Verdict, Citation, Edit, Usage),
        *(Passage, Range, Evidence),
    )
}


def _plain(value: Any) -> Any:
    """Return what JSON knows for a value that it does not."""
    shape = _SHAPES.get(type(value))
    if shape is not None:
        names, read = shape
        return dict(zip(names, read(value), strict=True))
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Integral):  # numpy's scalars are numbers, but no ints and floats
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError


_write = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":"), default=_plain
).encode


def _read_verdict(written: dict[str, Any]) -> Verdict:
    return Verdict(
        **written
        | {
            "stage": Stage(written["stage"]),
            "action": Action(written["action"]),
            "mode": Mode(written["mode"]),
            "ranges": tuple(Range(**each) for each in written["ranges"]),
            "evidence": tuple(Evidence(**each) for each in written["evidence"]),
        }
    )


def _read_v1(written: dict[str, Any]) -> Exchange:
    key_id = written["key_id"]
    return Exchange(
        **written
        | {
            "id": UUID(written["id"]),
            "created_at": dt.datetime.fromisoformat(written["created_at"]),
            "key_id": key_id if key_id is None else UUID(key_id),
            "outcome": Outcome(written["outcome"]),
            "finish_reason": FinishReason(written["finish_reason"]),
            "messages": tuple(Message(**each) for each in written["messages"]),
            "passages": tuple(Passage(**each) for each in written["passages"]),
            "prompt_edits": tuple(Edit(**each) for each in written["prompt_edits"]),
            "completion_edits": tuple(Edit(**each) for each in written["completion_edits"]),
            "citations": tuple(Citation(**each) for each in written["citations"]),
            "verdicts": [_read_verdict(each) for each in written["verdicts"]],
            "usage": Usage(**written["usage"]),
        }
    )


_READERS: dict[int, Callable[[dict[str, Any]], Exchange]] = {1: _read_v1}
