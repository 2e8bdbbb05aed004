"""Talk to a running server: one question, answered piece by piece."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.errors import InvalidRequest, PenstockError, Unavailable

CONNECT_TIMEOUT_S = 5.0


class Refused(PenstockError):
    """The server answered with an error; the message is its own."""

    code = "refused"

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Piece:
    """One event of an answer: `delta`, `done` or `error`."""

    name: str
    content: Any


def ask(url: str, key: str, question: dict[str, Any], timeout_s: float) -> Iterator[Piece]:
    """Yield the events of an answer; the last one is `done`.

    Raises:
        InvalidRequest: the address, the key or the question cannot be sent.
        Unavailable: nothing answers at `url`, or the connection broke off.
        Refused: the server answered with an error.
    """
    _check_address(url)
    body = _encoded(question)
    headers = {"content-type": "application/json"}
    with (
        _connected(url, key, timeout_s) as client,
        client.stream("POST", "/infer", content=body, headers=headers) as response,
    ):
        _check(response)
        yield from _until_done(events(response.iter_lines()))


def post(url: str, key: str, path: str, timeout_s: float) -> Any:
    """Let the server do something; return what it answers, from JSON.

    Raises:
        InvalidRequest: the address or the key cannot be sent.
        Unavailable: nothing answers at `url`, or the connection broke off.
        Refused: the server answered with an error.
    """
    _check_address(url)
    with _connected(url, key, timeout_s) as client:
        response = client.post(path)
        _check(response)
        return response.json()


@contextmanager
def _connected(url: str, key: str, timeout_s: float) -> Iterator[httpx.Client]:
    """Give a client with the key; what goes wrong on the way becomes an error of ours."""
    timeout = httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S)
    headers = {"authorization": f"Bearer {_checked(key)}"}
    try:
        with httpx.Client(
            base_url=url, timeout=timeout, headers=headers, trust_env=False
        ) as client:
            yield client
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        if _is_about_tls(error):
            raise Unavailable(
                f"No TLS connection to {url}. Does the server speak plain HTTP? Then write http://."
            ) from None
        raise Unavailable(
            f"No server answers at {url}. Start one with `penstock serve`, or name it with --url."
        ) from None
    except httpx.TimeoutException:
        raise Unavailable(f"The server at {url} did not answer in {timeout_s:.0f} s.") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"Talking to {url} failed: {type(error).__name__}.") from None


def events(lines: Iterable[str]) -> Iterator[Piece]:
    """Read server-sent events whose data is JSON."""
    name, data = "message", []
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line and data:
            yield Piece(name, json.loads("\n".join(data)))
            name, data = "message", []


def _check_address(url: str) -> None:
    try:
        parsed = httpx.URL(url)
        is_address = parsed.scheme in ("http", "https") and bool(parsed.host)
    except (httpx.InvalidURL, UnicodeEncodeError):
        is_address = False
    if not is_address:
        raise InvalidRequest(f"{url} is no address of a server: write http://host:port.")


def _is_about_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def _checked(key: str) -> str:
    if not (key.isascii() and key.isprintable()):
        raise InvalidRequest("That is no API key: a key is one line of ASCII.")
    return key


def _encoded(question: dict[str, Any]) -> bytes:
    try:
        return json.dumps(question, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequest("The question is not written in UTF-8.") from None


def _until_done(pieces: Iterator[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if piece.name == "error":
            raise Refused(piece.content["error"]["message"])
        yield piece
        if piece.name == "done":
            return
    raise Unavailable("The server closed the connection before the answer was complete.")


def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    response.read()
    try:
        message = str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = "It does not seem to be Penstock."
    raise Refused(f"The server answered {response.status_code}: {message}", response.status_code)
