from __future__ import annotations

import json
from typing import Any

import pytest

from app.engine import Delta, Support
from app.errors import EngineBusy, ModelFailed, PromptTooLong, RecorderFull
from app.exchange import Outcome
from app.routes.answers import InferResponse
from app.store.keys import Scope
from filters import Stage, Unit
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.routes.serving import Desk

PASSAGE = {"text": "Gates hold water. Pipes carry it.", "source": "a.md", "title": "Gates"}
CITED = Delta("Gates hold water.", supports=[Support(0, 0, 17, 11, 16)])


def word(text: str, replacement: str | None = None) -> Word:
    return Word(WordOptions(word=text, replacement=replacement), Unit.sentence())


async def ask(desk: Desk, **body: Any) -> dict[str, Any]:
    async with desk.client() as client:
        reply = await client.post("/infer", json={"prompt": "What time is it?", **body})
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    InferResponse.model_validate_json(reply.content)
    return answer


async def test_a_question_is_answered_and_recorded(desk: Desk) -> None:
    async with desk.client() as client:
        reply = await client.post("/infer", json={"prompt": "What time is it?", "user": "u"})
    answer, (exchange,) = reply.json(), desk.records.exchanges

    assert (answer["completion"], answer["outcome"]) == ("It is late.", "completed")
    assert (answer["model"], answer["model_version"]) == ("scripted", "1")
    assert answer["finish_reason"] == "stop"
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 2}
    assert {"total", "model", "input_filters", "output_filters"} <= answer["timings"].keys()
    assert answer["id"] == str(exchange.id) == reply.headers["x-exchange-id"]
    assert reply.headers["x-model-version"] == "1"
    assert "total;dur=" in reply.headers["server-timing"]
    assert (exchange.user, exchange.key_id) == ("u", (await desk.keys.list())[0].id)


async def test_a_citation_gives_away_nothing_that_a_filter_took_out_of_its_passage(
    desk: Desk,
) -> None:
    chain = [instance(word("water", "***"), stage=Stage.INPUT, action="rewrite")]
    cited = Delta("Gates hold ***.", supports=[Support(0, 0, 15, 11, 14)])
    other = {"text": "Nothing to see.", "source": "b.md"}
    desk.let_write(cited, Delta("", supports=[Support(1, 0, 15, 0, 7)]), chain=chain)

    answer = await ask(desk, passages=[PASSAGE, other])

    first, second = answer["citations"]
    assert (first["sentence"], first["answer"], first["source"]) == ("", "", "a.md")
    assert (first["answer_start"], first["answer_end"]) == (11, 16)
    assert second["sentence"] == "Nothing to see."


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "question",
    [{"prompt": "What time is it?"}, {"messages": [{"role": "user", "content": "What time?"}]}],
)
async def test_what_the_model_cannot_read_is_refused_before_any_filter_works(
    desk: Desk, question: dict[str, Any], stream: bool
) -> None:
    first = word("time")
    desk.let_write(
        "Late.", chain=[instance(first, stage=Stage.INPUT)], refuses=PromptTooLong("Too long.")
    )
    async with desk.client() as client:
        reply = await client.post("/infer", json={**question, "stream": stream})

    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "prompt_too_long"
    assert reply.json()["error"]["param"] == next(iter(question))
    assert reply.headers["x-should-retry"] == "false"
    assert first.characters_read == 0
    assert desk.records.exchanges[0].error_code == "prompt_too_long"


async def test_the_answer_cites_its_source(desk: Desk) -> None:
    desk.let_write(CITED)
    answer = await ask(desk, passages=[PASSAGE])

    assert answer["citations"] == [
        {
            "source": "a.md",
            "title": "Gates",
            "sentence": "Gates hold water.",
            "answer": "water",
            "start": 0,
            "end": 17,
            "answer_start": 11,
            "answer_end": 16,
            "passage": 0,
            "passage_id": "request-0",
        }
    ]


async def test_a_blocked_answer_cites_nothing(desk: Desk) -> None:
    desk.let_write(CITED, chain=[instance(word("water"))])
    answer = await ask(desk, passages=[PASSAGE])

    assert (answer["outcome"], answer["finish_reason"]) == ("blocked", "blocked")
    assert (answer["completion"], answer["citations"]) == ("", [])
    assert "Gates hold" not in json.dumps(answer)


async def test_a_citation_does_not_give_away_what_was_taken_out(desk: Desk) -> None:
    desk.let_write(CITED, chain=[instance(word("water", "***"), action="rewrite")])
    answer = await ask(desk, passages=[PASSAGE])

    assert (answer["outcome"], answer["completion"]) == ("rewritten", "Gates hold ***.")
    assert answer["citations"][0]["source"] == "a.md"
    assert (answer["citations"][0]["sentence"], answer["citations"][0]["answer"]) == ("", "")
    assert "water" not in json.dumps(answer["citations"])


async def test_verdicts_say_who_measured_what(desk: Desk) -> None:
    chain = [instance(word("time"), stage=Stage.INPUT, action="flag"), instance(word("late"))]
    desk.let_write("It is late.", chain=chain)
    answer = await ask(desk)

    flagged, blocked = answer["verdicts"]
    assert (flagged["stage"], flagged["action"], flagged["score"]) == ("input", "flag", 1.0)
    assert [(r["start"], r["end"]) for r in flagged["ranges"]] == [(5, 9)]
    assert (blocked["stage"], blocked["action"]) == ("output", "block")
    assert answer["outcome"] == "blocked"


@pytest.mark.parametrize(
    ("piece", "status", "code", "retry"),
    [
        (ModelFailed(), 500, "model_failed", "false"),
        (EngineBusy(), 503, "engine_busy", "true"),
        (RuntimeError("what the prompt said"), 500, "internal_error", "false"),
    ],
)
async def test_a_failure_names_the_exchange_and_nothing_else(
    desk: Desk, piece: Exception, status: int, code: str, retry: str
) -> None:
    desk.let_write("half", piece)
    async with desk.client() as client:
        reply = await client.post("/infer", json={"prompt": "What?"})

    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert reply.headers["x-should-retry"] == retry
    assert reply.headers["x-exchange-id"] == str(desk.records.exchanges[0].id)
    assert desk.records.exchanges[0].outcome is Outcome.FAILED
    assert "prompt said" not in reply.text


async def test_what_cannot_be_kept_is_not_begun(desk: Desk) -> None:
    desk.records.full = RecorderFull()
    async with desk.client() as client:
        reply = await client.post("/infer", json={"prompt": "What?"})

    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "recorder_full")
    assert reply.headers["retry-after"] == "5"
    assert "x-exchange-id" not in reply.headers
    assert desk.engine.prompts == []


async def test_an_unknown_model_is_not_found_and_not_counted(desk: Desk) -> None:
    async with desk.client() as client:
        reply = await client.post("/infer", json={"prompt": "What?", "model": "made-up"})
    async with desk.client(Scope.ADMIN) as client:
        metrics = (await client.get("/metrics")).text

    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")
    assert reply.json()["error"]["param"] == "model"
    assert "made-up" not in reply.text + metrics


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 400),
        (b"[]", 400),
        (b'"prompt"', 400),
        (b'{"prompt": "a", "prompt": "b"}', 400),
        (b'{"prompt": "a", "verdicts": []}', 400),
        (b'{"prompt": NaN}', 400),
        (b'{"prompt": "\xff"}', 400),
        (b"\xef\xbb\xbf{}", 400),
        ('{"prompt": "a"}'.encode("utf-16"), 400),
        (b"[" * 5_000, 400),
        (b'{"prompt": "' + b"x" * 33_000 + b'"}', 400),
    ],
)
async def test_bad_bodies_are_refused_without_an_echo(desk: Desk, body: bytes, status: int) -> None:
    async with desk.client() as client:
        headers = {"content-type": "application/json"}
        reply = await client.post("/infer", content=body, headers=headers)

    assert reply.status_code == status
    assert reply.json()["error"]["type"] == "invalid_request_error"
    assert len(reply.content) < 300
    assert desk.records.exchanges == []


async def test_any_text_is_answered_and_kept_as_it_is(desk: Desk) -> None:
    odd = "NUL \0, lone \ud800, \u202ebidi, zero\u200bwidth, 👩‍👩‍👧‍👦, e" + "\u0301" * 5_000
    desk.let_write("said: \ud800 \0 \u2028")
    body = json.dumps({"prompt": odd, "passages": [{"text": odd}], "metadata": {odd[:20]: odd[:9]}})
    async with desk.client() as client:
        headers = {"content-type": "application/json"}
        reply = await client.post("/infer", content=body, headers=headers)

    assert reply.status_code == 200
    assert json.loads(reply.content)["completion"] == "said: \ud800 \0 \u2028"
    assert desk.records.exchanges[0].prompt == odd
    assert desk.records.exchanges[0].metadata == {odd[:20]: odd[:9]}


async def test_a_wrong_media_type_is_refused(desk: Desk) -> None:
    async with desk.client() as client:
        reply = await client.post("/infer", content=b"prompt=x")

    assert (reply.status_code, reply.json()["error"]["code"]) == (415, "unsupported_media_type")


async def test_the_key_is_asked_for_before_the_body_is_read(desk: Desk) -> None:
    async with desk.client(None) as client:
        reply = await client.post("/infer", content=b"\xff" * 2_000_000)

    assert reply.status_code == 401
