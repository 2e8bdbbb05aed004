"""Messages as clients write them, as the turns that a text model reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import InvalidRequest, Unsupported

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
"""What models know of the roles; a developer's instructions are a system message to them."""

TEXT_PARTS = ("text", "input_text", "output_text")
"""Types of parts that are text."""
_OTHER_ROLES = ("tool", "function")
# What an assistant's message may carry besides its text; it cannot be told to a text model.
_NOT_TEXT = ("tool_calls", "function_call", "audio")


def turns_of(messages: Sequence[Any], param: str) -> list[dict[str, str]]:
    """Return each message's role and text.

    Args:
        messages: as they stand in the request.
        param: the name of the field they stand in.

    Raises:
        InvalidRequest: something is no message.
        Unsupported: a message holds something else than text.
    """
    return [_turn(message, f"{param}.{index}") for index, message in enumerate(messages)]


def text_of(content: Any, param: str) -> str:
    """Return the text of a message's content: a string, or parts that are all text.

    Raises:
        InvalidRequest: it is neither.
        Unsupported: there is a part that is not text.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise InvalidRequest("This must be a string or an array of parts.", param=param)
    return "".join(text_of_part(part, f"{param}.{index}") for index, part in enumerate(content))


def text_of_part(part: Any, param: str) -> str:
    """Return the text of one part of a message's content.

    Raises:
        InvalidRequest: it is no part.
        Unsupported: it is not text.
    """
    if not isinstance(part, Mapping):
        raise InvalidRequest("This must be an object.", param=param)
    if part.get("type") not in TEXT_PARTS:
        raise Unsupported("The models read nothing but text.", param=f"{param}.type")
    text = part.get("text")
    if not isinstance(text, str):
        raise InvalidRequest("This must be a string.", param=f"{param}.text")
    return text


def _turn(message: Any, param: str) -> dict[str, str]:
    if not isinstance(message, Mapping):
        raise InvalidRequest("This must be an object.", param=param)
    if message.get("type", "message") != "message":
        raise Unsupported("Only messages can be read here.", param=f"{param}.type")
    role = _role(message.get("role"), f"{param}.role")
    for name in _NOT_TEXT:
        if message.get(name):
            raise Unsupported("The models read nothing but text.", param=f"{param}.{name}")
    return {"role": role, "content": text_of(message.get("content"), f"{param}.content")}


def _role(role: Any, param: str) -> str:
    if isinstance(role, str):
        if role in _OTHER_ROLES:
            raise Unsupported("The models know no tools and no functions.", param=param)
        if role in ROLES:
            return ROLES[role]
    raise InvalidRequest(f"This must be one of {', '.join(ROLES)}.", param=param)
