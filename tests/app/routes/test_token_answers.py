"""Log-probabilities in the answers of `/infer`, and when there are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.engine import Delta, TokenLogprob
from filters import Unit
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.routes.serving import Desk

IT = TokenLogprob(1, "It", b"It", -0.5, (TokenLogprob(9, "secret", b"secret", -0.25),))
IS = TokenLogprob(2, " is", b" is", -0.75)
STOP = TokenLogprob(3, " STOP", b" STOP", -1.0)
PIECES = (Delta("It is", logprobs=(IT, IS)), Delta("", logprobs=(STOP,)))


def word(text: str, replacement: str | None = None) -> Word:
    return Word(WordOptions(word=text, replacement=replacement), Unit.sentence())


async def ask(desk: Desk, *, stream: bool, **parameters: Any) -> Any:
    body = {"prompt": "What is it?", "stream": stream, "parameters": parameters}
    async with desk.client() as client:
        reply = await client.post("/infer", json=body)
    if not stream or reply.status_code != 200:
        return reply.json()
    return json.loads(reply.text.split("event: done\ndata: ")[1])


@pytest.mark.parametrize("stream", [False, True])
async def test_released_tokens_are_told(desk: Desk, stream: bool) -> None:
    desk.let_write(*PIECES)

    answer = await ask(desk, stream=stream, logprobs=1)

    top = {"token": 9, "text": "secret", "bytes": list(b"secret"), "logprob": -0.25}
    assert answer["logprobs"] == [
        {"token": 1, "text": "It", "bytes": [73, 116], "logprob": -0.5, "top": [top]},
        {"token": 2, "text": " is", "bytes": [32, 105, 115], "logprob": -0.75, "top": []},
    ]
    assert desk.engine.prompts[0].parameters.logprobs == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_none_are_told_unasked(desk: Desk, stream: bool) -> None:
    desk.let_write(*PIECES)

    assert (await ask(desk, stream=stream))["logprobs"] is None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("replacement", [None, "***"])
async def test_what_a_filter_took_out_is_not_told(
    desk: Desk, stream: bool, replacement: str | None
) -> None:
    action = "rewrite" if replacement else "block"
    desk.let_write(*PIECES, chain=[instance(word("is", replacement), action=action)])

    answer = await ask(desk, stream=stream, logprobs=0)

    assert answer["outcome"] in ("blocked", "rewritten")
    assert answer["logprobs"] == []
    assert " is" not in json.dumps(answer["logprobs"])


async def test_alternatives_are_refused_where_filters_guard_the_answer(desk: Desk) -> None:
    desk.let_write(*PIECES, chain=[instance(word("other"))])

    told = await ask(desk, stream=False, logprobs=0)
    refused = await ask(desk, stream=False, logprobs=1)

    assert [token["text"] for token in told["logprobs"]] == ["It", " is"]
    assert refused["error"]["code"] == "unsupported_parameter"
    assert refused["error"]["param"] == "parameters.logprobs"
    assert len(desk.engine.prompts) == 1
