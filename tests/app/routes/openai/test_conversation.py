from __future__ import annotations

from typing import Any

import pytest

from app.errors import InvalidRequest, Unsupported
from app.routes.openai.conversation import text_of, turns_of


def test_roles_and_parts_become_turns_of_text() -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": "c", "refusal": None, "tool_calls": [], "annotations": []},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "d"}]},
    ]

    assert turns_of(messages, "messages") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "ab"},
        {"role": "assistant", "content": "c"},
        {"role": "user", "content": "d"},
    ]


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "tool", "content": "4", "tool_call_id": "c"}, "messages.0.role"),
        ({"role": "assistant", "content": None, "tool_calls": [{}]}, "messages.0.tool_calls"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "messages.0.content.0.type"),
        ({"type": "function_call_output", "call_id": "c"}, "messages.0.type"),
    ],
)
def test_what_is_not_text_is_refused(message: dict[str, Any], param: str) -> None:
    with pytest.raises(Unsupported) as raised:
        turns_of([message], "messages")

    assert raised.value.param == param


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("hello", "input.0"),
        ({"content": "hello"}, "input.0.role"),
        ({"role": "god", "content": "hello"}, "input.0.role"),
        ({"role": ["user"], "content": "hello"}, "input.0.role"),
        ({"role": "user"}, "input.0.content"),
        ({"role": "user", "content": 5}, "input.0.content"),
        ({"role": "user", "content": ["hello"]}, "input.0.content.0"),
        ({"role": "user", "content": [{"type": "text"}]}, "input.0.content.0.text"),
        ({"role": "user", "content": [{"type": ["text"], "text": ""}]}, "input.0.content.0.type"),
    ],
)
def test_what_is_no_message_is_told_by_its_place(message: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        turns_of([message], "input")

    assert raised.value.param == param


def test_a_string_is_its_own_text() -> None:
    assert text_of("\ud800 a", "x") == "\ud800 a"
