"""The JSON filter tells what is valid, and mends what can be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.testing.conformance import check_filter
from filters import Finding, Stage
from filters._text.json_repair import repaired
from filters.json import Json, JsonOptions
from tests.filters.items import item

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}


def judge(**options: Any) -> Json:
    return Json(JsonOptions.model_validate(options))


async def check(text: str, **options: Any) -> Finding | None:
    return await judge(**options).check(item(text, stage=Stage.OUTPUT))


@pytest.mark.parametrize(
    "text",
    ['{"a": [1, 2.5e3, null, true, "é😀\\u00e9"]}', "[]", '"text"', "3", ' {"a": 1}\n', "null"],
)
async def test_json_is_let_through(text: str) -> None:
    assert await check(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('```json\n{"a":  1}\n```', '{"a":  1}'),
        ("```\n[1, 2]\n```\n", "[1, 2]"),
        ("{'a': 1, 'b': None}", '{"a": 1, "b": null}'),
        ('{"a": 1, "b": [1, 2,]}', '{"a": 1, "b": [1, 2]}'),
        ('{"a": "é", b: 2}', '{"a": "é", "b": 2}'),
        ('{"a": [1, 2', '{"a": [1, 2]}'),
        ('Here it is: {"a": 1, "b": 2, "c": 3}', '{"a": 1, "b": 2, "c": 3}'),
    ],
)
async def test_what_can_be_mended_is_rewritten(text: str, meant: str) -> None:
    finding = await check(text)

    assert finding is not None
    assert (finding.score, finding.label) == (0.5, "invalid_json")
    (whole,) = finding.ranges
    assert (whole.start, whole.end, whole.replacement) == (0, len(text), meant)
    assert await check(meant) is None


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, I cannot do that.",
        "I cannot do [that], and that is all I have to say about it.",
        "",
        "{",
        '{"a": NaN}x',
        "\ud800",
        "[" * 5_000,
    ],
)
async def test_what_is_no_json_scores_1_and_becomes_null(text: str) -> None:
    finding = await check(text)

    assert finding is not None
    assert (finding.score, finding.label) == (1.0, "invalid_json")
    assert all(found.replacement == "null" for found in finding.ranges)


async def test_repair_can_be_switched_off_and_is_bounded() -> None:
    for options in ({"repair": False}, {"max_repair_characters": 5}):
        finding = await check("{'a': 1}", **options)

        assert finding is not None
        assert finding.score == 1.0


@pytest.mark.parametrize("text", ["{a:b," * 4_000, "{" * 20_000, "(" * 20_000, "[{" * 10_000])
async def test_a_text_made_to_be_slow_is_given_up(text: str) -> None:
    assert repaired(text) is None


async def test_the_top_can_be_asked_for() -> None:
    finding = await check("[1]", top="object")

    assert finding is not None
    assert finding.label == "not_an_object"
    assert await check("[1]", top="array") is None


async def test_a_schema_is_held() -> None:
    assert await check('{"name": "Ada", "age": 36}', json_schema=PERSON) is None
    for text in ('{"name": "Ada", "age": -1}', "{}", '{"name": "Ada", "x": 1}', "[]"):
        finding = await check(text, json_schema=PERSON)

        assert finding is not None
        assert (finding.score, finding.label) == (1.0, "schema")


async def test_with_a_schema_json_is_taken_out_of_any_prose() -> None:
    text = 'Of course! Here is the person that you asked me for, as JSON: {"name": "Ada"}. Enjoy!'

    finding = await check(text, json_schema=PERSON)

    assert finding is not None
    assert finding.ranges[0].replacement == '{"name": "Ada"}'


async def test_a_schema_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "person.json"
    path.write_text(json.dumps(PERSON), encoding="utf-8")

    assert await check('{"name": "Ada"}', schema_file=path) is None
    assert await check("{}", schema_file=path) is not None


async def test_a_schemas_pattern_cannot_stall() -> None:
    schema = {"type": "string", "pattern": "^(a+)+$"}

    assert await check(json.dumps("a" * 50_000 + "!"), json_schema=schema) is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"json_schema": {"type": "nonsense"}}, "the JSON Schema cannot be used"),
        ({"json_schema": {"pattern": "(?=a)"}}, "the JSON Schema cannot be used"),
        ({"json_schema": {"$ref": "https://example.com/x.json"}}, "the JSON Schema cannot be used"),
        ({"json_schema": {"$ref": "file:///etc/passwd"}}, "the JSON Schema cannot be used"),
        ({"json_schema": {}, "schema_file": "x"}, "one of them is enough"),
        ({"schema_file": "/nowhere.json"}, "cannot be read"),
        ({"top": "number"}, "Input should be"),
    ],
)
def test_what_cannot_work_is_refused_at_start(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge(**options)


@pytest.mark.parametrize("options", [{}, {"json_schema": PERSON}, {"repair": False}])
async def test_it_conforms(options: dict[str, Any]) -> None:
    examples = [item(text, stage=Stage.OUTPUT) for text in ('{"name": "A"}', "{'name': 'A'}")]
    await check_filter(judge(**options), examples=examples)
