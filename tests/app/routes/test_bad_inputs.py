"""What clients should not send, sent over a real socket: bodies (F37), JSON (F38), text (F39)."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.routes.schemas import InferRequest
from tests.app.routes.serving import Desk
from tests.http import RawClient, Reply, get, listening, post

MEGABYTE = 1_000_000


async def sent(desk: Desk, request: bytes) -> Reply:
    async with listening(desk.app) as port, await RawClient.connect(port) as client:
        await client.send(request)
        return await client.reply()


async def test_fifty_megabytes_are_refused_before_they_are_read(desk: Desk) -> None:
    memory = psutil.Process().memory_info
    async with listening(desk.app) as port, await RawClient.connect(port) as client:
        before = memory().rss
        await client.send(post("/infer", b"", desk.bearer(), length=50 * MEGABYTE))
        reply = await client.reply()
        with suppress(OSError):
            for _ in range(50):
                await client.send(b"x" * MEGABYTE)
        grown = memory().rss - before

    assert (reply.status, reply.code) == (413, "body_too_large")
    assert grown < 20 * MEGABYTE


async def test_fifty_megabytes_without_a_length_are_cut_off(desk: Desk) -> None:
    memory = psutil.Process().memory_info
    head = (
        f"POST /infer HTTP/1.1\r\nHost: test\r\n{desk.bearer()}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"%x\r\n%b\r\n" % (MEGABYTE, b"x" * MEGABYTE)
    async with listening(desk.app) as port, await RawClient.connect(port) as client:
        before = memory().rss
        await client.send(head.encode())
        with suppress(OSError):
            for _ in range(50):
                await client.send(chunk)
        reply = await client.reply()
        grown = memory().rss - before

    assert (reply.status, reply.code) == (413, "body_too_large")
    assert grown < 20 * MEGABYTE


async def test_a_length_that_is_too_short_cuts_the_body(desk: Desk) -> None:
    body = b'{"prompt": "What time is it?"}'
    async with listening(desk.app) as port, await RawClient.connect(port) as client:
        await client.send(post("/infer", body, desk.bearer(), length=len(body) - 1))
        received = await client.until_closed()

    assert b"200 OK" not in received
    assert desk.records.exchanges == []


BAD_JSON = {
    "nothing": b"",
    "deep": b'{"metadata":' + b'{"a":' * 1_000 + b"1" + b"}" * 1_000 + b', "prompt": "x"}',
    "deeper": b"[" * 200_000,
    "huge integer": b'{"prompt": "x", "parameters": {"seed": ' + b"9" * 100_000 + b"}}",
    "NaN": b'{"prompt": "x", "parameters": {"temperature": NaN}}',
    "infinity": b'{"prompt": "x", "parameters": {"temperature": 1e999}}',
    "a name twice": b'{"prompt": "PRIVATE", "prompt": "x"}',
    "UTF-16": '{"prompt": "PRIVATE"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"prompt": "PRIVATE"}'.encode("utf-16-le"),
    "UTF-32": '{"prompt": "PRIVATE"}'.encode("utf-32"),
    "Latin-1": '{"prompt": "PRIVATÉ"}'.encode("latin-1"),
    "overlong UTF-8": b'{"prompt": "PRIVATE \xc0\xaf"}',
    "surrogates as UTF-8": b'{"prompt": "PRIVATE \xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"prompt": "PRIVATE"}',
    "a raw NUL": b'{"prompt": "PRIVATE \x00"}',
    "a list": b'["PRIVATE"]',
    "a wrong type": b'{"prompt": {"PRIVATE": "PRIVATE"}}',
    "an unknown name": b'{"prompt": "x", "PRIVATE": "PRIVATE"}',
    "something after it": b'{"prompt": "PRIVATE"} PRIVATE',
    "a form": b"prompt=PRIVATE",
}


@pytest.mark.parametrize("kind", BAD_JSON)
async def test_bad_json_gets_a_small_answer_that_repeats_nothing(desk: Desk, kind: str) -> None:
    reply = await sent(desk, post("/infer", BAD_JSON[kind], desk.bearer()))

    assert (reply.status, reply.code) == (400, "invalid_request")
    assert len(reply.body) < 300
    assert b"PRIVAT" not in reply.body
    assert desk.records.exchanges == []


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: text/plain",
        "Content-Type: application/json; charset=utf-16",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Encoding: gzip",
    ],
)
async def test_another_media_type_is_refused(desk: Desk, header: str) -> None:
    body = b'{"prompt": "x"}'
    request = post("/infer", body, desk.bearer(), header)
    if header.startswith("Content-Type"):
        request = request.replace(b"Content-Type: application/json\r\n", b"", 1)
    reply = await sent(desk, request)

    assert (reply.status, reply.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "text",
    ["\0", "\ud800", "\udfff\ud800", "\ufeff", "\u202e\u2066", "\u200b" * 9, "\U0010ffff", "\x7f"],
)
async def test_any_unicode_is_a_text(desk: Desk, text: str) -> None:
    prompt = f"What is {text}?"
    body = json.dumps({"prompt": prompt, "session": prompt, "metadata": {text: text}}).encode()
    reply = await sent(desk, post("/infer", body, desk.bearer()))

    assert reply.status == 200
    assert desk.records.exchanges[0].prompt == prompt
    assert desk.records.exchanges[0].metadata == {text: text}


async def test_one_grapheme_of_a_megabyte_is_too_long(desk: Desk) -> None:
    body = json.dumps({"prompt": "e" + "\u0301" * 490_000}, ensure_ascii=False).encode()
    reply = await sent(desk, post("/infer", body, desk.bearer()))

    assert (reply.status, reply.code) == (400, "prompt_too_long")


@pytest.mark.parametrize(
    "path", ["/%00", "/%ff%fe", "/infer%2f..%2fmetrics", "//infer", "/\\..\\", "/infer?%ff=%00"]
)
async def test_odd_paths_lead_nowhere(desk: Desk, path: str) -> None:
    reply = await sent(desk, get(path))

    assert reply.status in {404, 405}
    assert reply.code in {"not_found", "method_not_allowed"}


async def test_no_origin_is_let_in(desk: Desk) -> None:
    origin = "Origin: https://evil.example"
    preflight = get("/infer", origin, "Access-Control-Request-Method: POST")
    asked = await sent(desk, preflight.replace(b"GET", b"OPTIONS", 1))
    answered = await sent(desk, post("/infer", b'{"prompt": "x"}', desk.bearer(), origin))

    assert asked.status == 405
    assert answered.status == 200
    assert not [name for name in asked.headers | answered.headers if name.startswith("access-")]


async def test_healthy_clients_do_not_notice(desk: Desk) -> None:
    """While others send rubbish, questions are answered."""
    rubbish = [post("/infer", body, desk.bearer()) for body in BAD_JSON.values()]
    async with listening(desk.app) as port:

        async def pester() -> None:
            for request in rubbish * 3:
                async with await RawClient.connect(port) as client:
                    with suppress(OSError):
                        await client.send(request)

        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(pester())
            async with await RawClient.connect(port) as client:
                for _ in range(20):
                    await client.send(post("/infer", b'{"prompt": "x"}', desk.bearer()))
                    assert (await client.reply()).status == 200

    assert len(desk.records.exchanges) == 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from([*InferRequest.model_fields, "made-up"])
NEARLY = st.dictionaries(FIELDS, JSON, max_size=4).map(lambda body: {"prompt": "What?", **body})


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=JSON | NEARLY)
async def test_no_body_breaks_the_server(desk: Desk, body: object) -> None:
    async with desk.client() as client:
        headers = {"content-type": "application/json"}
        reply = await client.post("/infer", content=json.dumps(body), headers=headers)

    assert reply.status_code in {200, 400, 404}
    if reply.status_code != 200:
        assert reply.json().keys() == {"error"}
