from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.chain.instance import Instance
from app.errors import ModelFailed
from app.routes.openai import responses
from app.routes.openai.response_request import ResponseRequest
from app.store.keys import Scope
from filters import Unit
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.routes.openai.written import deltas
from tests.app.routes.serving import Desk

PATH = "/v1/responses"


async def ask(desk: Desk, **body: Any) -> Any:
    async with desk.client() as client:
        return (await client.post(PATH, json={"input": "Go.", **body})).json()


async def stream(desk: Desk, **body: Any) -> list[Any]:
    """Return the events, after making sure that each is named as its content says."""
    async with desk.client() as client:
        reply = await client.post(PATH, json={"input": "Go.", "stream": True, **body})
    contents = []
    for event in reply.text.strip().split("\n\n"):
        name, data = event.split("\n")
        contents.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {contents[-1]['type']}"
    assert [content["sequence_number"] for content in contents] == list(range(len(contents)))
    return contents


def no_evil() -> list[Instance]:
    return [instance(Word(WordOptions(word="evil"), Unit.sentence()))]


async def keep(desk: Desk) -> str:
    """Put what was asked into the log, and return the response's name."""
    exchange = desk.records.exchanges[-1]
    await desk.exchanges.insert([exchange])
    return f"resp_{exchange.id.hex}"


async def test_a_response(desk: Desk) -> None:
    answer = await ask(desk, instructions="Be brief.", max_output_tokens=9, metadata={"a": "b"})
    [item] = answer["output"]
    first, _ = desk.engine.prompts[0].messages

    assert (first.role, first.content) == ("system", "Be brief.")
    assert (answer["object"], answer["status"]) == ("response", "completed")
    assert item["content"][0]["text"] == "It is late."
    assert answer["usage"]["total_tokens"] == 5
    assert (answer["max_output_tokens"], answer["metadata"]) == (9, {"a": "b"})
    assert answer["penstock"]["outcome"] == "completed"


async def test_an_answer_may_be_sent_back_as_input(desk: Desk) -> None:
    answer = await ask(desk)
    await ask(
        desk,
        input=[
            {"role": "user", "content": "a"},
            *answer["output"],
            {"role": "user", "content": "b"},
        ],
    )
    roles = [(message.role, message.content) for message in desk.engine.prompts[1].messages]

    assert roles == [("user", "a"), ("assistant", "It is late."), ("user", "b")]


async def test_a_stream_tells_the_whole_story(desk: Desk) -> None:
    events = await stream(desk)

    assert [event["type"].removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert "".join(event.get("delta", "") for event in events) == "It is late."
    assert events[0]["response"]["status"] == "in_progress"
    assert events[-1]["response"]["output"][0] == events[-2]["item"]


async def test_streaming_changes_nothing_but_the_form(desk: Desk) -> None:
    whole, *_, last = await ask(desk), *await stream(desk)
    streamed = last["response"]
    names = ("status", "usage", "text", "tools", "model", "error", "incomplete_details")

    assert [streamed[name] for name in names] == [whole[name] for name in names]
    assert streamed["output"][0]["content"] == whole["output"][0]["content"]


async def test_what_a_filter_blocked_is_incomplete(desk: Desk) -> None:
    desk.let_write("Fine. ", "This is evil. ", chain=no_evil())
    answer = await ask(desk)
    *_, last = await stream(desk)

    assert (answer["status"], answer["incomplete_details"]) == (
        "incomplete",
        {"reason": "content_filter"},
    )
    assert last["type"] == "response.incomplete"
    assert last["response"]["output"][0]["content"][0]["text"] == "Fine."


async def test_what_is_cut_is_incomplete(desk: Desk) -> None:
    desk.let_write("It ", finish_reason="length")

    assert (await ask(desk))["incomplete_details"] == {"reason": "max_output_tokens"}


async def test_a_failure_half_way_is_the_last_event(desk: Desk) -> None:
    desk.let_write("One. ", ModelFailed())
    *_, last = await stream(desk)

    assert (last["type"], last["code"]) == ("error", "model_failed")
    assert last["error"]["code"] == "model_failed"


async def test_log_probabilities_if_they_are_included(desk: Desk) -> None:
    desk.let_write(*deltas("It is ", "late."))
    answer = await ask(desk, include=["message.output_text.logprobs"])
    events = await stream(desk, include=["message.output_text.logprobs"])
    told = answer["output"][0]["content"][0]["logprobs"]
    pieces = [e for e in events if e["type"] == "response.output_text.delta"]

    assert [entry["token"] for entry in told] == ["It is ", "late."]
    assert [piece["logprobs"] for piece in pieces] == [told[:1], told[1:]]


async def test_a_schema_is_told_again(desk: Desk) -> None:
    schema = {"type": "object", "required": ["a"]}
    wanted = {"format": {"type": "json_schema", "name": "n", "schema": schema}}
    answer = await ask(desk, text=wanted)
    grammar = desk.engine.prompts[0].parameters.grammar

    assert grammar
    assert json.loads(grammar.source) == schema
    assert answer["text"]["format"]["schema"] == schema


async def test_its_own_key_and_reviewers_have_it_again(desk: Desk) -> None:
    made = await ask(desk)
    name = await keep(desk)
    _, reviewer = await desk.keys.create("both", frozenset({Scope.INFER, Scope.REVIEW}))
    _, stranger = await desk.keys.create("other", frozenset({Scope.INFER}))
    await desk.ring.refresh()
    async with desk.client() as client:
        own = await client.get(f"{PATH}/{name}")
        review, other = [
            await client.get(f"{PATH}/{name}", headers={"authorization": f"Bearer {secret}"})
            for secret in (reviewer, stranger)
        ]

    assert own.json() == review.json() == {**made, "penstock": own.json()["penstock"]}
    assert (other.status_code, other.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "name", ["resp_1", "odd", f"msg_{UUID(int=1).hex}", f"resp_{UUID(int=1).hex}"]
)
async def test_what_is_not_there(desk: Desk, name: str) -> None:
    async with desk.client() as client:
        reply = await client.get(f"{PATH}/{name}")

    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")


async def test_what_is_still_on_its_way_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "LOOK_EVERY_S", 0.0)
    looks = 0
    await ask(desk)
    exchange = desk.records.exchanges[0]
    get = desk.exchanges.get

    async def get_late(wanted: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks == 3:
            await desk.exchanges.insert([exchange])
        return await get(wanted)

    monkeypatch.setattr(desk.exchanges, "get", get_late)
    async with desk.client() as client:
        late = await client.get(f"{PATH}/resp_{exchange.id.hex}")
        never = await client.get(f"{PATH}/resp_{uuid7().hex}")

    assert (late.status_code, looks) == (200, 3 + responses.LOOKS)
    assert never.status_code == 404


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"previous_response_id": "resp_1"}, "unsupported_parameter", "previous_response_id"),
        ({"tools": [{"type": "web_search"}]}, "unsupported_parameter", "tools"),
        ({"background": True}, "unsupported_parameter", "background"),
        ({"reasoning": {"effort": "high"}}, "unsupported_parameter", "reasoning"),
        ({"text": {"verbosity": "low"}}, "unsupported_parameter", "text.verbosity"),
        ({"text": {"format": {"type": "xml"}}}, "unsupported_parameter", "text.format.type"),
        ({"max_output_tokens": 0}, "invalid_request", "max_output_tokens"),
        ({"input": [{"type": "reasoning"}]}, "unsupported_parameter", "input.0.type"),
        ({"input": 5}, "invalid_request", "input"),
        ({"n": 2}, "invalid_request", None),
    ],
)
async def test_refusals_name_the_part(
    desk: Desk, body: dict[str, Any], code: str, param: str | None
) -> None:
    error = (await ask(desk, **body))["error"]

    assert (error["code"], error["param"]) == (code, param)
    assert not desk.engine.prompts


async def test_what_changes_nothing_is_accepted(desk: Desk) -> None:
    neutral: dict[str, Any] = dict.fromkeys(ResponseRequest.ignored, True)
    for name, values in ResponseRequest.refused.items():
        neutral[name] = values[0] if values else None

    assert (await ask(desk, **neutral))["status"] == "completed"
