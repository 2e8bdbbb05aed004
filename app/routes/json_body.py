"""Read and write JSON strictly: one meaning for a body, and any Unicode survives."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.errors import InvalidRequest, UnsupportedMedia

MAX_DEPTH = 32
MAX_DIGITS = 64


async def read_json(request: Request) -> Any:
    """Read a request's body as JSON.

    Accepted is RFC 8259 in UTF-8 without a byte order mark. Names may not repeat in an object,
    NaN and Infinity are refused, numbers have at most `MAX_DIGITS` characters and nesting goes
    `MAX_DEPTH` deep. Escaped lone surrogates are accepted as they are.

    Raises:
        UnsupportedMedia: the body says that it is not JSON in UTF-8, or is compressed.
        InvalidRequest: the body is not such JSON.
    """
    _check_media_type(request)
    return parse(await request.body())


def parse(body: bytes) -> Any:
    """Parse a body; see `read_json`."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not valid UTF-8.") from None
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"The body is not valid JSON (line {error.lineno}, column {error.colno})."
        ) from None
    except RecursionError:
        raise InvalidRequest(_TOO_DEEP) from None
    _check_depth(value)
    return value


def render(value: Any) -> bytes:
    """Write JSON in ASCII: every text can be written, on one line, lone surrogates included."""
    return json.dumps(
        value, ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=_plain
    ).encode("ascii")


class JsonResponse(Response):
    """A response whose content is written by `render`."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the content as JSON."""
        return render(content)


def _check_media_type(request: Request) -> None:
    if "content-encoding" in request.headers:
        raise UnsupportedMedia
    media_type, *options = request.headers.get("content-type", "").lower().split(";")
    if media_type.strip() != "application/json":
        raise UnsupportedMedia
    for option in options:
        name, _, value = option.strip().partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8", "us-ascii"}:
            raise UnsupportedMedia


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


_TOO_DEEP = f"The body is nested more than {MAX_DEPTH} levels deep."


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise InvalidRequest(_TOO_DEEP)


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        node = list(node.values())
    return [c for c in node if isinstance(c, dict | list)] if isinstance(node, list) else []


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidRequest("An object in the body has the same name twice.")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise InvalidRequest(f"A number in the body has more than {MAX_DIGITS} characters.")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if len(digits) > MAX_DIGITS or not math.isfinite(number):
        raise InvalidRequest("A number in the body is too large.")
    return number


def _refuse_constant(name: str) -> None:
    raise InvalidRequest(f"{name} is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_refuse_constant,
)
