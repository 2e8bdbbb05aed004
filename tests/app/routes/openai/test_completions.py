from __future__ import annotations

import json
from typing import Any

import pytest

from app.chain.instance import Instance
from filters import Stage, Unit
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.routes.openai.written import deltas
from tests.app.routes.serving import Desk

PATH = "/v1/completions"


async def ask(desk: Desk, **body: Any) -> Any:
    async with desk.client() as client:
        return (await client.post(PATH, json={"prompt": "Go.", **body})).json()


async def stream(desk: Desk, **body: Any) -> list[Any]:
    async with desk.client() as client:
        reply = await client.post(PATH, json={"prompt": "Go.", "stream": True, **body})
    *events, last, end = reply.text.split("\n\n")
    assert (last, end) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def no_evil() -> list[Instance]:
    return [instance(Word(WordOptions(word="evil"), Unit.sentence()))]


async def test_a_prompt_is_a_text_to_be_continued(desk: Desk) -> None:
    answer = await ask(desk)
    [choice] = answer["choices"]
    [prompt] = desk.engine.prompts
    [message] = prompt.messages

    assert prompt.is_raw
    assert [exchange.parameters for exchange in desk.records.exchanges] == [{"raw": True}]
    assert (message.role, message.content) == ("user", "Go.")
    assert (answer["object"], choice["text"]) == ("text_completion", "It is late.")
    assert (choice["finish_reason"], choice["penstock"]["outcome"]) == ("stop", "completed")


async def test_several_prompts_are_answered_in_their_order(desk: Desk) -> None:
    answer = await ask(desk, prompt=["a", "b"], n=2, best_of=2)
    asked = [exchange.question for exchange in desk.records.exchanges]

    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    assert sorted(asked) == ["a", "a", "b", "b"]
    assert answer["usage"] == {"prompt_tokens": 6, "completion_tokens": 8, "total_tokens": 14}


async def test_a_stream_with_its_usage(desk: Desk) -> None:
    *pieces, last, usage = await stream(desk, stream_options={"include_usage": True})

    assert [piece["choices"][0]["text"] for piece in pieces] == ["It is ", "late."]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 5)


async def test_a_block_is_a_content_filter(desk: Desk) -> None:
    desk.let_write("Fine. ", "This is evil. ", chain=no_evil())
    [choice] = (await ask(desk))["choices"]

    assert (choice["text"], choice["finish_reason"]) == ("Fine.", "content_filter")


async def test_log_probabilities_stand_in_columns(desk: Desk) -> None:
    desk.let_write(*deltas("It is ", "late."))
    told = (await ask(desk, logprobs=0))["choices"][0]["logprobs"]
    one, two, _ = await stream(desk, logprobs=0)

    assert told["tokens"] == ["It is ", "late."]
    assert told["text_offset"] == [0, 6]
    assert one["choices"][0]["logprobs"]["token_logprobs"] == told["token_logprobs"][:1]
    assert two["choices"][0]["logprobs"]["text_offset"] == [6]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"echo": True, "logprobs": 0}, "unsupported_parameter", "echo"),
        ({"echo": 1}, "invalid_request", "echo"),
        ({"suffix": "END"}, "unsupported_parameter", "suffix"),
        ({"best_of": 3}, "unsupported_parameter", "best_of"),
        ({"prompt": [1, 2]}, "unsupported_parameter", "prompt"),
        ({"prompt": [[1], "a"]}, "unsupported_parameter", "prompt"),
        ({"prompt": [1, 2], "model": "other"}, "model_not_found", "model"),
        ({"prompt": [1, -2]}, "invalid_request", "prompt.0"),
        ({"prompt": [1, True]}, "invalid_request", "prompt.0"),
        ({"prompt": [1, "a"]}, "invalid_request", "prompt.0"),
        ({"prompt": [[]]}, "invalid_request", "prompt.0"),
        ({"prompt": []}, "invalid_request", "n"),
        ({"prompt": ["a"] * 5, "n": 2}, "invalid_request", "n"),
        ({"prompt": 5}, "invalid_request", "prompt"),
    ],
)
async def test_refusals_name_the_part(
    desk: Desk, body: dict[str, Any], code: str, param: str
) -> None:
    error = (await ask(desk, **body))["error"]

    assert (error["code"], error["param"]) == (code, param)
    assert not desk.engine.prompts


async def test_an_echo_is_the_prompt_in_front_of_the_completion(desk: Desk) -> None:
    answer = await ask(desk, prompt=["a ", "b "], echo=True)
    first, second, last = await stream(desk, echo=True)

    assert [choice["text"] for choice in answer["choices"]] == ["a It is late.", "b It is late."]
    texts = [chunk["choices"][0]["text"] for chunk in (first, second, last)]
    assert texts == ["Go.It is ", "late.", ""]
    assert {exchange.completion for exchange in desk.records.exchanges} == {"It is late."}


async def test_where_nothing_was_written_the_echo_stands_alone(desk: Desk) -> None:
    desk.let_write()
    [choice] = (await ask(desk, echo=True))["choices"]
    [last] = await stream(desk, echo=True)

    assert choice["text"] == last["choices"][0]["text"] == "Go."


@pytest.mark.parametrize("stage", [Stage.INPUT, Stage.OUTPUT])
async def test_where_nothing_passes_nothing_is_echoed(desk: Desk, stage: Stage) -> None:
    desk.let_write("evil ", chain=[instance(Word(WordOptions(word="evil")), stage=stage)])
    prompt = "evil" if stage is Stage.INPUT else "Go."
    [choice] = (await ask(desk, prompt=prompt, echo=True))["choices"]
    [last] = await stream(desk, prompt=prompt, echo=True)

    assert choice["text"] == last["choices"][0]["text"] == ""
    assert choice["finish_reason"] == "content_filter"


async def test_tokens_are_judged_and_kept_as_their_text(desk: Desk) -> None:
    desk.let_write("Well. ", chain=[instance(Word(WordOptions(word="evil")), stage=Stage.INPUT)])
    desk.engine.text_of = lambda tokens: bytes(tokens).decode()  # type: ignore[attr-defined]
    one = await ask(desk, prompt=list(b"fine"), echo=True)
    several = await ask(desk, prompt=[list(b"evil"), "good"], echo=True)

    assert [choice["text"] for choice in one["choices"]] == ["fineWell. "]
    assert [choice["text"] for choice in several["choices"]] == ["", "goodWell. "]
    asked = [exchange.question for exchange in desk.records.exchanges]
    assert sorted(asked) == ["evil", "fine", "good"]


async def test_what_changes_nothing_is_accepted(desk: Desk) -> None:
    answer = await ask(desk, echo=False, suffix="", best_of=1, stream=False)

    assert answer["choices"][0]["text"] == "It is late."
