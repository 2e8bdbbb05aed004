"""What a completion must look like: `response_format`, or `text.format` of a response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import InvalidRequest, Unsupported

ANY_OBJECT: dict[str, Any] = {"type": "object"}


def schema_of(wanted: Any, param: str, *, is_nested: bool) -> dict[str, Any] | None:
    """Return the JSON Schema that the completion must follow, or None for plain text.

    Args:
        wanted: the format as it stands in the request.
        param: where it stands.
        is_nested: whether the schema lies inside of a member `json_schema`.

    Raises:
        InvalidRequest: it is no format.
        Unsupported: it is one that is not known here.
    """
    if wanted is None:
        return None
    if not isinstance(wanted, Mapping):
        raise InvalidRequest("This must be an object.", param=param)
    match wanted.get("type"):
        case "text":
            return None
        case "json_object":
            return ANY_OBJECT
        case "json_schema":
            return _schema(wanted, param, is_nested=is_nested)
    raise Unsupported("Known are text, json_object and json_schema.", param=f"{param}.type")


def _schema(wanted: Mapping[str, Any], param: str, *, is_nested: bool) -> dict[str, Any]:
    holder: Any = wanted.get("json_schema") if is_nested else wanted
    param = f"{param}.json_schema" if is_nested else param
    schema = holder.get("schema") if isinstance(holder, Mapping) else None
    if not isinstance(schema, dict):
        raise InvalidRequest("This must be a JSON Schema, an object.", param=f"{param}.schema")
    return schema


def format_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the format that an exchange's parameters hold its completion to."""
    schema = parameters.get("json_schema")
    if schema is None:
        return {"type": "text"}
    if schema == ANY_OBJECT:
        return {"type": "json_object"}
    return {"type": "json_schema", "name": "response", "schema": schema, "strict": True}
