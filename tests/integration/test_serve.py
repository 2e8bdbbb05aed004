"""A whole server, from its first start to its last record."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import httpx
import psutil
import pytest

from app.routes.answers import InferResponse
from tests.http import PATIENCE_S, RawClient, get, post, until
from tests.integration.serving import QUESTION, Serving, serving

pytestmark = pytest.mark.slow


async def test_a_first_start_needs_nothing_and_leads_to_a_cited_answer(
    place: Path, home: Path
) -> None:
    async with serving(place, home / "var") as server, server.client() as client:
        reply = await client.post("/infer", json={"prompt": QUESTION})
        answer = InferResponse.model_validate_json(reply.content)
        (citation,) = answer.citations
        await eventually_stored(client, str(answer.id))
        stored = (await client.get("/exchanges")).json()["items"]
        record = (await client.get(f"/exchanges/{answer.id}")).json()
        ready = (await client.get("/readyz")).json()
        metrics = (await client.get("/metrics")).text

    assert answer.completion == "Gates hold water."
    assert (citation.source, citation.answer) == ("sources/gates.md", "water")
    assert [item["id"] for item in stored] == [str(answer.id)]
    assert record["messages"] == [{"role": "user", "content": QUESTION}]
    assert ready["status"] == "ready"
    assert 'penstock_model_info{name="answer",version="1"} 1.0' in metrics
    assert "penstock_log_recorded_total 1.0" in metrics
    assert "penstock_passages 1.0" in metrics
    for secret in ("first-key", "review-secret"):
        assert stat.S_IMODE((home / "var" / secret).stat().st_mode) == 0o600
    assert server.key not in server.output + server.log
    assert QUESTION not in server.log
    assert f'"Authorization: Bearer $(cat {home}/var/first-key)"' in server.output


async def test_any_text_is_kept_as_it_was_sent(place: Path, home: Path, database_url: str) -> None:
    texts = ["NUL \0", "lone \ud800", "\ufeffBOM", "\u202ebidi", "zero\u200bwidth", "e\u0301" * 999]
    texts += [
        "👩‍👩‍👧‍👦",
        "'; drop table exchange; --",
        "a\r\nb\u2028c",
        "\x1b[31m",
        "{{7*7}}",
        "%s%n",
    ]
    headers = {"content-type": "application/json"}
    async with (
        serving(place, home, database_url=database_url) as server,
        server.client() as client,
    ):
        ids = []
        for text in texts:
            body = {"prompt": text, "user": text[:50], "metadata": {text[:50]: text[:50]}}
            reply = await client.post("/infer", content=json.dumps(body), headers=headers)
            assert reply.status_code == 200, (text, reply.text)
            ids.append(reply.json()["id"])
        await eventually_stored(client, ids[-1])
        records = [(await client.get(f"/exchanges/{id}")).json() for id in ids]

    assert [record["messages"][0]["content"] for record in records] == texts
    assert [record["user"] for record in records] == [text[:50] for text in texts]
    assert [record["metadata"] for record in records] == [{t[:50]: t[:50]} for t in texts]
    assert "drop table" not in server.log
    assert "\x1b" not in server.log


async def eventually_stored(client: httpx.AsyncClient, exchange_id: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await client.get(f"/exchanges/{exchange_id}")).status_code == 404:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_second_start_finds_everything(place: Path, home: Path) -> None:
    async with serving(place, home / "var") as server:
        key = server.key
    async with serving(place, home / "var") as server, server.client() as client:
        answered = await client.post("/infer", json={"prompt": QUESTION})

    assert server.key == key
    assert answered.json()["citations"]
    assert not [event for event in server.events if event["event"] == "indexing_first_sources"]


async def test_two_servers_side_by_side_share_one_home(place: Path, home: Path) -> None:
    async with (
        serving(place, home / "var") as one,
        serving(place, home / "var") as other,
        one.client() as client,
        other.client() as other_client,
    ):
        assert one.port != other.port
        answer = (await client.post("/infer", json={"prompt": QUESTION})).json()
        await eventually_stored(other_client, answer["id"])


async def test_while_draining_it_says_so_and_serves_on(
    place: Path, home: Path, database_url: str
) -> None:
    settings = {"database_url": database_url, "drain_delay_s": "2", "shutdown_timeout_s": "10"}
    async with serving(place, home, **settings) as server, server.client() as client:
        server.signal()
        await until(lambda: "draining" in server.log)
        ready = await client.get("/readyz")
        alive = await client.get("/livez")
        served = await client.post("/infer", json={"prompt": QUESTION})
        status = await server.ended()

    assert (ready.status_code, ready.json()["status"]) == (503, "draining")
    assert (alive.status_code, served.status_code) == (200, 200)
    assert served.headers["connection"] == "close"
    assert status == 0


def recite(stream: bool, pause_s: float) -> bytes:
    body = {"prompt": f"pause {pause_s}", "model": "recital", "stream": stream}
    return json.dumps(body).encode()


async def test_what_is_in_work_may_finish(place: Path, home: Path, database_url: str) -> None:
    async with serving(place, home, database_url=database_url) as server:
        async with await RawClient.connect(server.port) as client:
            auth = f"Authorization: Bearer {server.key}"
            await client.send(post("/infer", recite(True, 0.3), auth))
            await client.reader.readuntil(b"event: delta")
            server.signal()
            rest = await client.until_closed()
        assert await server.ended() == 0

    assert b"event: done" in rest
    assert b"event: error" not in rest


@pytest.mark.parametrize("second_signal", [False, True])
async def test_what_takes_too_long_gets_a_last_event_and_is_recorded(
    place: Path, home: Path, database_url: str, second_signal: bool
) -> None:
    patience = {"shutdown_timeout_s": "600" if second_signal else "0.3", "limits__request_s": "900"}
    async with serving(place, home, database_url=database_url, **patience) as server:
        auth = f"Authorization: Bearer {server.key}"
        streaming = await RawClient.connect(server.port)
        whole = await RawClient.connect(server.port)
        await streaming.send(post("/infer", recite(True, 500), auth))
        await whole.send(post("/infer", recite(False, 500), auth))
        await streaming.reader.readuntil(b"event: delta")
        server.signal()
        if second_signal:
            await until(lambda: "draining" in server.log)
            server.signal()
        rest = await streaming.until_closed()
        reply = await whole.reply()
        assert await server.ended() == 0
        for client in (streaming, whole):
            await client.close()
        assert list((home / "segments").glob("*.seg")) == []

    assert b"event: error" in rest
    assert b'"code":"shutting_down"' in rest
    assert (reply.status, reply.code) == (503, "shutting_down")


async def test_idle_connections_do_not_hold_the_end_up(
    place: Path, home: Path, database_url: str
) -> None:
    async with serving(place, home, database_url=database_url) as server:
        silent = await RawClient.connect(server.port)
        half = await RawClient.connect(server.port)
        await half.send(b"POST /infer HTTP/1.1\r\nHost:")
        kept = await RawClient.connect(server.port)
        await kept.send(get("/livez"))
        assert (await kept.reply()).status == 200
        server.signal()
        status = await server.ended()
        for client in (silent, half, kept):
            assert await client.until_closed() == b""
            await client.close()

    assert status == 0


async def test_a_port_in_use_is_said_before_anything_is_opened(place: Path, home: Path) -> None:
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener:
        server = Serving(place, home / "var", port=str(port))
        status = await server.ended()

    assert status == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in server.log
    assert "PENSTOCK_PORT" in server.log
    assert "Traceback" not in server.log
    assert not (home / "var").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": "missing"}, "missing"),
        ({"encoder": "answer"}, "feature-extraction"),
        ({"chain": '[{"id": "x", "filter": "nonsense", "stage": "input"}]'}, "nonsense"),
    ],
)
async def test_a_start_that_cannot_work_says_why_and_leaves_nothing(
    place: Path, home: Path, settings: dict[str, str], words: str
) -> None:
    server = Serving(place, home / "var", **settings)
    status = await server.ended()

    assert status == 1
    last = server.log.splitlines()[-1]
    assert words in server.log
    assert not last.startswith("{"), last
    assert "Traceback" not in server.log
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(home) in str(p.info["cmdline"])]
