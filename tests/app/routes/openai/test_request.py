"""What the engine refuses is told by the names of the request's own fields."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import GrammarInvalid, PenstockError, PromptTooLong
from tests.app.routes.serving import Desk

CHAT = ("/v1/chat/completions", {"messages": [{"role": "user", "content": "What time is it?"}]})
COMPLETIONS = ("/v1/completions", {"prompt": "What time is it?"})
RESPONSES = ("/v1/responses", {"input": "What time is it?"})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("request_", "error", "param"),
    [
        (CHAT, PromptTooLong(), "messages"),
        (COMPLETIONS, PromptTooLong(), "prompt"),
        (RESPONSES, PromptTooLong(), "input"),
        (CHAT, GrammarInvalid(param="parameters.json_schema"), "response_format"),
        (RESPONSES, GrammarInvalid(param="parameters.json_schema"), "text.format"),
        (CHAT, GrammarInvalid(param="parameters.regex"), "regex"),
        (COMPLETIONS, GrammarInvalid(param="parameters.grammar"), "grammar"),
    ],
)
async def test_an_error_of_the_engine_names_the_field_that_was_sent(
    desk: Desk,
    request_: tuple[str, dict[str, Any]],
    error: PenstockError,
    param: str,
    *,
    stream: bool,
) -> None:
    path, body = request_
    desk.let_write(error)

    async with desk.client() as client:
        reply = await client.post(path, json={**body, "stream": stream})

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, error.code)
    assert reply.json()["error"]["param"] == param
