"""A conversation as chat clients write it, as the texts that filters judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.errors import InvalidRequest, Unsupported
from app.exchange import Message
from app.routes.openai.conversation import text_of

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
"""Whose messages there may be."""

_GIVEN = {"function": "arguments", "custom": "input"}
"""Where a call says what its tool is given."""


def texts_of(message: Mapping[str, Any], param: str) -> list[Message]:
    """Return what a message says: its content, its refusal, and the arguments of its calls.

    Args:
        message: as it stands in the request.
        param: where it stands there.

    Raises:
        InvalidRequest: it is no message.
        Unsupported: it holds something that no filter judges.
    """
    role = message.get("role")
    if role not in ROLES:
        raise InvalidRequest(f"This must be one of {', '.join(ROLES)}.", param=f"{param}.role")
    return [Message(role, text) for text in _texts(message, param)]


def call_text(call: Any, param: str) -> str:
    """Return what a tool is given by a call: a function's arguments, or a custom tool's input.

    Raises:
        InvalidRequest: it is no call.
        Unsupported: it is a call of another kind, which no filter judges.
    """
    if not isinstance(call, Mapping):
        raise InvalidRequest("This must be an object.", param=param)
    for kind, name in _GIVEN.items():
        if (tool := call.get(kind)) is not None:
            return _given(tool, name, f"{param}.{kind}")
    raise Unsupported("No filter judges such a call.", param=param)


def _texts(message: Mapping[str, Any], param: str) -> Iterator[str]:
    if (content := message.get("content")) is not None:
        yield text_of(content, f"{param}.content")
    if (refusal := message.get("refusal")) is not None:
        yield text_of(refusal, f"{param}.refusal")
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise InvalidRequest("This must be an array.", param=f"{param}.tool_calls")
    for index, call in enumerate(calls):
        yield call_text(call, f"{param}.tool_calls.{index}")
    if (function := message.get("function_call")) is not None:
        yield _given(function, "arguments", f"{param}.function_call")


def _given(tool: Any, name: str, param: str) -> str:
    given = tool.get(name) if isinstance(tool, Mapping) else None
    if not isinstance(given, str):
        raise InvalidRequest("This must be a string.", param=f"{param}.{name}")
    return given
