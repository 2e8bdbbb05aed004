"""Say what is wrong with a request without repeating any of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from app.errors import InvalidRequest

_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is a field that is not known here.",
    "string_type": "This must be a string.",
    "int_type": "This must be an integer.",
    "float_type": "This must be a number.",
    "bool_type": "This must be true or false.",
    "dict_type": "This must be an object.",
    "list_type": "This must be an array.",
    "tuple_type": "This must be an array.",
    "model_type": "This must be an object.",
    "model_attributes_type": "This must be an object.",
    "uuid_parsing": "This must be a UUID.",
    "datetime_from_date_parsing": "This must be a date and time in ISO 8601.",
    "datetime_parsing": "This must be a date and time in ISO 8601.",
    "timezone_aware": "This date and time needs a time zone.",
    "int_parsing": "This must be an integer.",
}
# Their messages name a bound or the allowed values, which come from the code.
_OWN_WORDS = frozenset(
    {
        "enum",
        "literal_error",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "finite_number",
        "too_long",
        "too_short",
        "value_error",
        "string_too_long",
        "string_too_short",
    }
)


def explain(errors: Sequence[Mapping[str, Any]]) -> InvalidRequest:
    """Turn pydantic's errors into one InvalidRequest about the first of them."""
    first = errors[0]
    kind = first["type"]
    if kind in _OWN_WORDS:
        message = first["msg"].removeprefix("Value error, ").rstrip(".") + "."
    else:
        message = _SENTENCES.get(kind, "This is not valid.")
    # The last part of an unknown field's place is the client's own word.
    place = first["loc"][:-1] if kind == "extra_forbidden" else first["loc"]
    return InvalidRequest(message, param=_path(place))


def invalid(error: ValidationError) -> InvalidRequest:
    """Turn a ValidationError into an InvalidRequest."""
    return explain(error.errors(include_url=False, include_context=False, include_input=False))


def _path(place: Sequence[Any]) -> str | None:
    parts = [str(part) for part in place if part not in {"body", "query", "path"}]
    return ".".join(parts) or None
