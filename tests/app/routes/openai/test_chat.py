from __future__ import annotations

import json
from typing import Any

import pytest

from app.chain.instance import Instance
from app.engine import Delta, Grammar, Task
from app.errors import EngineBusy, ModelFailed
from app.exchange import Outcome
from app.routes.openai.chat import ChatRequest
from app.store.keys import Scope
from filters import Unit
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.routes.openai.written import deltas, token
from tests.app.routes.serving import Desk

MESSAGES = [{"role": "user", "content": "What time is it?"}]
PATH = "/v1/chat/completions"


async def ask(desk: Desk, **body: Any) -> Any:
    async with desk.client() as client:
        return (await client.post(PATH, json={"messages": MESSAGES, **body})).json()


async def stream(desk: Desk, **body: Any) -> list[Any]:
    """Return the chunks, after making sure that the end mark follows them."""
    async with desk.client() as client:
        reply = await client.post(PATH, json={"messages": MESSAGES, "stream": True, **body})
    assert reply.headers["content-type"].startswith("text/event-stream")
    *events, last, end = reply.text.split("\n\n")
    assert (last, end) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def no_evil() -> list[Instance]:
    return [instance(Word(WordOptions(word="evil"), Unit.sentence()))]


async def test_an_answer(desk: Desk) -> None:
    answer = await ask(desk)
    exchange = desk.records.exchanges[0]
    [choice] = answer["choices"]

    assert answer["id"] == f"chatcmpl-{exchange.id.hex}"
    assert answer["object"] == "chat.completion"
    assert choice["message"] == {"role": "assistant", "content": "It is late.", "refusal": None}
    assert (choice["finish_reason"], choice["logprobs"]) == ("stop", None)
    assert choice["penstock"]["exchange"] == str(exchange.id)
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


async def test_the_log_holds_what_was_asked(desk: Desk) -> None:
    await ask(
        desk,
        messages=[{"role": "developer", "content": "Be brief."}, *MESSAGES],
        safety_identifier="u-1",
        metadata={"shop": "north"},
        session="s-1",
        store=True,
        max_completion_tokens=9,
        stop="END",
        seed=-1,
        logit_bias={"7": -100},
        top_k=5,
    )
    exchange = desk.records.exchanges[0]
    parameters = desk.engine.prompts[0].parameters

    assert [message.role for message in exchange.messages] == ["system", "user"]
    assert (exchange.user, exchange.session, exchange.metadata) == ("u-1", "s-1", {"shop": "north"})
    assert (parameters.max_tokens, parameters.stop, parameters.top_k) == (9, ("END",), 5)
    assert parameters.logit_bias == ((7, -100.0),)
    assert parameters.seed == 2**63 - 1


async def test_streaming_changes_nothing_but_the_form(desk: Desk) -> None:
    whole = await ask(desk)
    first, *pieces, last = await stream(desk)

    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert [piece["choices"][0]["delta"]["content"] for piece in pieces] == ["It is ", "late."]
    assert last["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert last["choices"][0]["penstock"]["outcome"] == "completed"
    assert "usage" not in first


async def test_a_block_ends_a_stream_with_content_filter(desk: Desk) -> None:
    desk.let_write("Fine. ", "This is evil. ", "More.", chain=no_evil())
    _, *pieces, last = await stream(desk)

    assert "".join(piece["choices"][0]["delta"]["content"] for piece in pieces) == "Fine."
    assert last["choices"][0]["finish_reason"] == "content_filter"
    assert last["choices"][0]["penstock"]["verdicts"][0]["action"] == "block"


async def test_several_choices_are_several_exchanges(desk: Desk) -> None:
    answer = await ask(desk, n=3, seed=7, temperature=1.0)
    seeds = {prompt.parameters.seed for prompt in desk.engine.prompts}

    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert len({choice["penstock"]["exchange"] for choice in answer["choices"]}) == 3
    assert seeds == {7, 8, 9}
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 6, "total_tokens": 9}


async def test_several_choices_in_one_stream(desk: Desk) -> None:
    *chunks, last = await stream(desk, n=2, stream_options={"include_usage": True})
    texts = ["", ""]
    for chunk in chunks:
        [choice] = chunk["choices"]
        texts[choice["index"]] += choice["delta"].get("content", "")

    assert texts == ["It is late.", "It is late."]
    assert (last["choices"], last["usage"]["completion_tokens"]) == ([], 4)
    assert {chunk["usage"] for chunk in chunks} == {None}


async def test_one_choice_that_fails_fails_the_request(desk: Desk) -> None:
    desk.let_write("It ", ModelFailed())
    answer = await ask(desk, n=2)

    assert answer["error"]["code"] == "model_failed"
    assert {exchange.outcome for exchange in desk.records.exchanges} <= {
        Outcome.FAILED,
        Outcome.CANCELLED,
    }
    assert desk.engine.closed == 2


async def test_log_probabilities_of_what_was_released(desk: Desk) -> None:
    desk.let_write(*deltas("Fine. ", "This is ", "evil. "), chain=no_evil())
    answer = await ask(desk, logprobs=True)
    _, *pieces, last = await stream(desk, logprobs=True)
    [choice] = answer["choices"]
    streamed = [piece["choices"][0]["logprobs"] for piece in [*pieces, last]]

    assert choice["message"]["content"] == "Fine."
    assert choice["logprobs"]["content"] == []
    assert "evil" not in json.dumps(streamed)


async def test_log_probabilities_come_with_their_text(desk: Desk) -> None:
    late = token("late.", -0.5, top=(token("late.", -0.5), token("early.", -1.5)))
    desk.let_write(*deltas("It is "), Delta(late.text, logprobs=[late]))
    answer = await ask(desk, logprobs=True, top_logprobs=2)
    _, one, two, _ = await stream(desk, logprobs=True, top_logprobs=2)
    told = answer["choices"][0]["logprobs"]["content"]

    assert [entry["token"] for entry in told] == ["It is ", "late."]
    assert [entry["token"] for entry in told[1]["top_logprobs"]] == ["late.", "early."]
    assert one["choices"][0]["logprobs"]["content"] == told[:1]
    assert two["choices"][0]["logprobs"]["content"] == told[1:]


async def test_a_schema_becomes_a_grammar(desk: Desk) -> None:
    schema = {"type": "object", "required": ["a"]}
    await ask(
        desk,
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
    )

    assert desk.engine.prompts[0].parameters.grammar == Grammar("json_schema", json.dumps(schema))


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"tools": [{}]}, "unsupported_parameter", "tools"),
        ({"tool_choice": "required"}, "unsupported_parameter", "tool_choice"),
        ({"functions": [{}]}, "unsupported_parameter", "functions"),
        ({"modalities": ["text", "audio"]}, "unsupported_parameter", "modalities"),
        ({"reasoning_effort": "high"}, "unsupported_parameter", "reasoning_effort"),
        ({"model": "other"}, "model_not_found", "model"),
        ({"n": 9}, "invalid_request", "n"),
        ({"top_logprobs": 2}, "invalid_request", "top_logprobs"),
        ({"max_tokens": 1, "max_completion_tokens": 1}, "invalid_request", "max_tokens"),
        ({"max_completion_tokens": 0}, "invalid_request", "max_completion_tokens"),
        ({"max_tokens": 10**6}, "invalid_request", "max_tokens"),
        ({"temperature": 3.0}, "invalid_request", "temperature"),
        ({"temperature": "1"}, "invalid_request", "temperature"),
        ({"logit_bias": {"a": 1}}, "invalid_request", "logit_bias"),
        ({"stop": ["a"] * 20}, "invalid_request", "stop"),
        ({"messages": []}, "invalid_request", "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "invalid_request", "messages"),
        (
            {"messages": [{"role": "tool", "content": "4"}]},
            "unsupported_parameter",
            "messages.0.role",
        ),
        ({"stop": 5}, "invalid_request", "stop"),
        ({"stop": [5]}, "invalid_request", "stop.0"),
        ({"surprise": 1}, "invalid_request", None),
        ({"metadata": {"a": "x" * 5_000}}, "invalid_request", "metadata"),
        ({"response_format": {"type": "xml"}}, "unsupported_parameter", "response_format.type"),
        ({"stream_options": {"a": 1}}, "invalid_request", "stream_options"),
    ],
)
async def test_refusals_name_the_part(
    desk: Desk, body: dict[str, Any], code: str, param: str | None
) -> None:
    error = (await ask(desk, **body))["error"]

    assert (error["code"], error["param"]) == (code, param)
    assert not desk.engine.prompts


async def test_what_changes_nothing_is_accepted(desk: Desk) -> None:
    neutral: dict[str, Any] = dict.fromkeys(ChatRequest.ignored, True)
    for name, values in ChatRequest.refused.items():
        neutral[name] = values[0] if values else None
    answer = await ask(desk, **neutral, stream=None, n=None, temperature=None, logprobs=None)

    assert answer["choices"][0]["message"]["content"] == "It is late."


@pytest.mark.parametrize("body", [[], "a", {"model": "scripted"}])
async def test_a_body_that_is_no_request(desk: Desk, body: Any) -> None:
    async with desk.client() as client:
        reply = await client.post(PATH, json=body)

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")


async def test_alternatives_are_no_way_around_the_filters(desk: Desk) -> None:
    desk.let_write("Fine.", chain=no_evil())
    error = (await ask(desk, logprobs=True, top_logprobs=1))["error"]

    assert (error["code"], error["param"]) == ("unsupported_parameter", "top_logprobs")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"regex": "[a-z]+"}, "regex"),
    ],
)
async def test_what_only_generators_do(desk: Desk, body: dict[str, Any], param: str) -> None:
    desk.engine.task = Task.QUESTION_ANSWERING
    error = (await ask(desk, **body))["error"]

    assert (error["code"], error["param"]) == ("unsupported_parameter", param)


async def test_a_busy_model_says_when_to_come_back(desk: Desk) -> None:
    desk.let_write(EngineBusy())
    async with desk.client() as client:
        replies = [
            await client.post(PATH, json={"messages": MESSAGES, "stream": stream})
            for stream in (False, True)
        ]

    for reply in replies:
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "engine_busy")
        assert reply.headers["retry-after"] == "1"
        assert reply.headers["x-should-retry"] == "true"
        assert reply.headers["x-request-id"]


async def test_a_failure_half_way_is_the_last_event(desk: Desk) -> None:
    desk.let_write("One. ", "Two. ", ModelFailed())
    async with desk.client() as client:
        reply = await client.post(PATH, json={"messages": MESSAGES, "stream": True})
    *_, last, _ = reply.text.split("\n\n")

    assert reply.status_code == 200
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "model_failed"


async def test_exchanges_are_counted(desk: Desk) -> None:
    await ask(desk, n=2)
    await stream(desk, n=2)
    async with desk.client(Scope.ADMIN) as client:
        metrics = (await client.get("/metrics")).text

    assert 'penstock_requests_total{model="scripted",outcome="completed"} 4.0' in metrics
