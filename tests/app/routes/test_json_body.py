from __future__ import annotations

import datetime as dt
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from app.errors import InvalidRequest, UnsupportedMedia
from app.routes.json_body import MAX_DEPTH, parse, read_json, render

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def request(body: bytes, *headers: tuple[str, str]) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "headers": raw}, receive)


@given(ANYTHING)
def test_any_value_survives_being_written_and_read(value: object) -> None:
    written = render(value)

    assert written.isascii()
    assert b"\n" not in written
    assert b"\r" not in written
    assert parse(written) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{"a": 1} {"b": 2}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"1" * 100_000 + b"}",
        b'{"a": 0.' + b"1" * 100 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"m": {"a": 1, "\\u0061": 2}}',
        b'"\x00"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32"),
        b"[" * 100_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a":' * 900 + b"1" + b"}" * 900,
    ],
)
def test_what_is_not_strict_json_is_refused_without_an_echo(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse(body)

    assert raised.value.status == 400
    assert len(raised.value.message) < 100


def test_nesting_up_to_the_bound_is_fine() -> None:
    body = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH

    assert parse(body) == json.loads(body)


def test_lone_surrogates_and_nul_are_kept() -> None:
    assert parse(b'"\\ud800 \\u0000 \\ud83d\\ude00"') == "\ud800 \0 😀"


def test_ids_and_times_are_written() -> None:
    value = {"id": UUID(int=1), "at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)}

    assert parse(render(value)) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-01-02T00:00:00+00:00",
    }


def test_other_objects_have_no_json_form() -> None:
    with pytest.raises(TypeError):
        render(object())
    with pytest.raises(ValueError, match="JSON"):
        render(float("nan"))


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
async def test_json_in_utf_8_is_read(media_type: str) -> None:
    assert await read_json(request(b"[1]", ("content-type", media_type))) == [1]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", "text/plain")],
        [("content-type", "application/x-www-form-urlencoded")],
        [("content-type", "application/json; charset=utf-16")],
        [("content-type", "application/json"), ("content-encoding", "gzip")],
    ],
)
async def test_any_other_media_type_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(UnsupportedMedia):
        await read_json(request(b"{}", *headers))
