from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from app.errors import DeadlineExceeded, ModelFailed
from app.exchange import Outcome
from app.routes.answers import InferResponse
from app.routes.streaming import event
from app.server import BoundedProtocol
from app.settings import LimitSettings
from app.store.database import Database
from app.store.keys import Scope
from filters import Unit
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.routes.serving import Desk
from tests.http import RawClient, listening, post, until

QUESTION = {"prompt": "What time is it?", "stream": True}


def read_events(stream: bytes) -> list[tuple[str, Any]]:
    """Read a stream as a browser would."""
    events = []
    name, data = "message", []
    for line in stream.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line and data:
            events.append((name, json.loads("\n".join(data))))
            name, data = "message", []
    return events


async def ask(desk: Desk, **body: Any) -> list[tuple[str, Any]]:
    async with desk.client() as client:
        reply = await client.post("/infer", json={**QUESTION, **body})
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/event-stream")
    return read_events(reply.content)


async def test_the_pieces_are_the_answer(desk: Desk) -> None:
    desk.let_write("One. ", "Two. ", "Three.")
    *deltas, (last, answer) = await ask(desk)

    assert {name for name, _ in deltas} == {"delta"}
    assert "".join(content["text"] for _, content in deltas) == "One. Two. Three."
    assert last == "done"
    assert answer["completion"] == "One. Two. Three."
    assert answer["id"] == str(desk.records.exchanges[0].id)
    InferResponse.model_validate_json(json.dumps(answer))


async def test_streaming_changes_nothing_but_the_form(desk: Desk) -> None:
    *_, (_, streamed) = await ask(desk)
    async with desk.client() as client:
        whole = (await client.post("/infer", json={**QUESTION, "stream": False})).json()

    different = {"id", "timings"}
    assert {k: v for k, v in streamed.items() if k not in different} == {
        k: v for k, v in whole.items() if k not in different
    }


@pytest.mark.parametrize(
    "text",
    [
        "a\n\nevent: done\ndata: {}\n\n",
        "a\r\rdata: x\r\n\r\n: comment",
        "a\u2028b\u2029c\x85d\x0be\x0cf",
        "\ud800 lone \udfff",
        "\0 NUL",
        "id: 1\nretry: 0\n",
    ],
)
async def test_no_text_forges_an_event(desk: Desk, text: str) -> None:
    desk.let_write(text)
    events = await ask(desk)

    assert [name for name, _ in events] == ["delta", "done"]
    assert events[0][1] == {"text": text}


def test_an_event_is_ascii_on_three_lines() -> None:
    assert event("delta", {"text": "é\n"}) == b'event: delta\ndata: {"text":"\\u00e9\\n"}\n\n'


async def test_a_block_ends_the_stream_with_an_answer(desk: Desk) -> None:
    chain = [instance(Word(WordOptions(word="evil"), Unit.sentence()))]
    desk.let_write("Fine. ", "This is evil. ", "More.", chain=chain)
    *deltas, (last, answer) = await ask(desk)

    assert "".join(content["text"] for _, content in deltas) == "Fine."
    assert (last, answer["outcome"]) == ("done", "blocked")
    assert "evil." not in json.dumps(answer["completion"])


async def test_a_failure_before_the_first_text_has_its_status(desk: Desk) -> None:
    desk.let_write(ModelFailed())
    async with desk.client() as client:
        reply = await client.post("/infer", json=QUESTION)

    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "model_failed")
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("error", "code"),
    [(ModelFailed(), "model_failed"), (RuntimeError("the prompt"), "internal_error")],
)
async def test_a_failure_after_it_is_the_last_event(
    desk: Desk, error: Exception, code: str
) -> None:
    desk.let_write("One. ", "Two. ", error)
    *deltas, (last, content) = await ask(desk)

    assert deltas
    assert (last, content["error"]["code"]) == ("error", code)
    assert content["id"] == str(desk.records.exchanges[0].id)
    assert "the prompt" not in json.dumps(content)
    assert desk.records.exchanges[0].outcome is Outcome.FAILED


async def test_a_deadline_is_the_last_event(database: Database, tmp_path: Any) -> None:
    desk = Desk(tmp_path, database, limits=LimitSettings(request_s=0.2))
    await desk.open()
    desk.let_write("One. ", *["More. "] * 1_000, delay_s=0.02)
    *_, (last, content) = await ask(desk)

    assert (last, content["error"]["code"]) == ("error", DeadlineExceeded.code)
    assert desk.records.exchanges[0].error_code == DeadlineExceeded.code
    assert desk.engine.closed == 1


async def test_first_texts_are_timed(desk: Desk) -> None:
    await ask(desk)
    async with desk.client(Scope.ADMIN) as client:
        metrics = (await client.get("/metrics")).text

    name = 'gen_ai_server_time_to_first_token_seconds_count{gen_ai_request_model="scripted"} 1.0'
    assert name in metrics
    assert 'penstock_requests_total{model="scripted",outcome="completed"} 1.0' in metrics


@pytest.mark.parametrize("stream", [True, False])
async def test_who_leaves_cancels_the_work(desk: Desk, stream: bool) -> None:
    desk.let_write(*["More. "] * 100_000, delay_s=0.001)
    body = json.dumps({**QUESTION, "stream": stream}).encode()
    async with listening(desk.app) as port:
        client = await RawClient.connect(port)
        await client.send(post("/infer", body, desk.bearer()))
        await until(lambda: desk.engine.written > 0)
        client.abort()
        await until(lambda: len(desk.records.exchanges) == 1)

    assert desk.records.exchanges[0].outcome is Outcome.CANCELLED
    assert desk.engine.closed == 1
    assert desk.engine.written < 100_000


async def test_who_leaves_a_stream_that_never_pauses_does_not_stop_the_others(desk: Desk) -> None:
    """The model has everything at once; the loop must still hear of the client."""
    desk.let_write(*["More. "] * 50_000)
    async with listening(desk.app) as port:
        gone = await RawClient.connect(port)
        await gone.send(post("/infer", json.dumps(QUESTION).encode(), desk.bearer()))
        await gone.reader.readuntil(b"event: delta")
        gone.abort()
        async with await RawClient.connect(port) as other:
            await other.send(b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n")
            assert (await other.reply()).status == 200
        await until(lambda: len(desk.records.exchanges) == 1)

    assert desk.records.exchanges[0].outcome is Outcome.CANCELLED
    assert desk.engine.written < 50_000


class Impatient(BoundedProtocol):
    write_s = 0.2


async def test_who_never_reads_frees_the_model(desk: Desk) -> None:
    desk.let_write(*["x" * 10_000] * 10_000)
    async with listening(desk.app, Impatient) as port, await RawClient.connect(port) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(post("/infer", json.dumps(QUESTION).encode(), desk.bearer()))
        await until(lambda: len(desk.records.exchanges) == 1)

    assert desk.records.exchanges[0].outcome is Outcome.CANCELLED
    assert desk.engine.closed == 1
    assert desk.engine.written < 10_000


@pytest.mark.parametrize("stream", [True, False])
async def test_at_the_cut_everybody_is_told(desk: Desk, stream: bool) -> None:
    desk.let_write("One. ", *["More. "] * 100_000, delay_s=0.001)
    body = json.dumps({**QUESTION, "stream": stream}).encode()
    async with listening(desk.app) as port, await RawClient.connect(port) as client:
        await client.send(post("/infer", body, desk.bearer()))
        if stream:
            await client.reader.readuntil(b"event: delta")
        await until(lambda: desk.engine.written >= 5)
        desk.app.state.drain.cut()
        if stream:
            received = await client.reader.readuntil(b"0\r\n\r\n")
        else:
            received = (await client.reply()).body

    assert b'"code":"shutting_down"' in received
    assert (b"event: error" in received) is stream
    assert desk.engine.closed == 1
    [exchange] = desk.records.exchanges
    assert (exchange.outcome, exchange.error_code) == (Outcome.FAILED, "shutting_down")


async def test_a_slow_reader_uses_up_the_requests_time(database: Database, tmp_path: Any) -> None:
    desk = Desk(tmp_path, database, limits=LimitSettings(request_s=0.2))
    await desk.open()
    desk.let_write(*["x" * 10_000] * 10_000)
    async with listening(desk.app) as port, await RawClient.connect(port) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(post("/infer", json.dumps(QUESTION).encode(), desk.bearer()))
        await until(lambda: len(desk.records.exchanges) == 1)
        client.abort()

    [exchange] = desk.records.exchanges
    assert (exchange.outcome, exchange.error_code) == (Outcome.FAILED, "deadline_exceeded")


@pytest.mark.slow
async def test_leaving_at_any_byte_leaves_nothing_behind(desk: Desk) -> None:
    desk.let_write(*["More. "] * 20, delay_s=0.0005)
    whole = post("/infer", json.dumps(QUESTION).encode(), desk.bearer())
    async with listening(desk.app) as port:
        before = len(asyncio.all_tasks())
        for turn in range(200):
            client = await RawClient.connect(port)
            await client.send(whole[: 1 + turn * 7 % len(whole)] if turn % 2 else whole)
            await asyncio.sleep(turn % 10 / 1_000)
            client.abort()
        await until(lambda: len(asyncio.all_tasks()) <= before)

    assert desk.engine.closed == len(desk.engine.prompts) == len(desk.records.exchanges)
    ends = {exchange.outcome for exchange in desk.records.exchanges}
    assert ends <= {Outcome.CANCELLED, Outcome.COMPLETED}
