from __future__ import annotations

from typing import Any

import pytest

from app.errors import InvalidRequest, Unsupported
from app.routes.openai.formats import ANY_OBJECT, format_of, schema_of

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("wanted", "is_nested", "schema"),
    [
        (None, True, None),
        ({"type": "text"}, True, None),
        ({"type": "json_object"}, True, ANY_OBJECT),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}, True, SCHEMA),
        ({"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}, False, SCHEMA),
    ],
)
def test_a_format_is_a_schema(wanted: Any, is_nested: bool, schema: Any) -> None:
    assert schema_of(wanted, "f", is_nested=is_nested) == schema


@pytest.mark.parametrize(
    ("wanted", "param"),
    [
        ("json", "f"),
        ({"type": "json_schema"}, "f.json_schema.schema"),
        ({"type": "json_schema", "json_schema": "a"}, "f.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": []}}, "f.json_schema.schema"),
    ],
)
def test_what_is_no_format(wanted: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        schema_of(wanted, "f", is_nested=True)

    assert raised.value.param == param


def test_a_format_that_is_not_known() -> None:
    with pytest.raises(Unsupported):
        schema_of({"type": "grammar"}, "f", is_nested=True)


def test_the_log_tells_the_format() -> None:
    assert format_of({}) == {"type": "text"}
    assert format_of({"json_schema": ANY_OBJECT}) == {"type": "json_object"}
    assert format_of({"json_schema": SCHEMA})["schema"] == SCHEMA
