from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.routes.schemas import InferRequest
from app.routes.validation import invalid

PRIVATE = "do not repeat me"


def problem(**body: Any) -> tuple[str, str | None]:
    with pytest.raises(ValidationError) as raised:
        InferRequest.model_validate(body)
    error = invalid(raised.value)
    assert PRIVATE not in f"{error.message} {error.param}"
    return error.message, error.param


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({"prompt": 1}, "This must be a string.", "prompt"),
        ({"messages": [{"role": "user"}]}, "This field is required.", "messages.0.content"),
        ({"messages": {PRIVATE: 1}}, "This must be an array.", "messages"),
        ({"messages": [PRIVATE]}, "This must be an object.", "messages.0"),
        (
            {"messages": [{"role": PRIVATE, "content": ""}]},
            "Input should be 'system', 'user' or 'assistant'.",
            "messages.0.role",
        ),
        ({"prompt": "x", PRIVATE: 1}, "There is a field that is not known here.", None),
        (
            {"prompt": "x", "parameters": {PRIVATE: 1}},
            "There is a field that is not known here.",
            "parameters",
        ),
        (
            {"prompt": "x", "parameters": {"temperature": 3}},
            "Input should be less than or equal to 2.",
            "parameters.temperature",
        ),
        (
            {"prompt": "x", "user": PRIVATE * 100},
            "This must have 1 to 256 characters.",
            "user",
        ),
        ({"prompt": "x", "messages": []}, "Give either prompt or messages.", None),
        ({}, "Give either prompt or messages.", None),
    ],
)
def test_the_answer_says_what_is_wrong_and_where(
    body: dict[str, Any], message: str, param: str | None
) -> None:
    assert problem(**body) == (message, param)
