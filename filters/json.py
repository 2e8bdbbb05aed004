"""Hold completions to JSON, and to a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import orjson
from pydantic import Field

from filters import Canary, Filter, Finding, Item, Options, Range, Stage, Unit, in_thread
from filters._text.json_repair import repaired

LONG_TEXT = 2_000
"""Longer texts are read beside the event loop."""

NOTHING = "null"
MENDED = 0.5
"""What a text scores that a rewrite makes right."""

_FENCED = re.compile(r"\s*```[ \t]*\w*[ \t]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL)

_BRACKETS = frozenset("{[")

_BAD = "Sorry, there is no JSON in here."


class JsonOptions(Options):
    """What the JSON must look like, and how much is mended."""

    top: Literal["any", "object", "array"] = "any"
    """What the whole must be."""
    json_schema: Mapping[str, Any] | None = None
    """A JSON Schema (draft 4 to 2020-12) that it must meet. Its patterns are matched in linear
    time, so they have no look-around and no back-references; references to other files or
    addresses are refused."""
    schema_file: Path | None = None
    """A file with that schema, in its place."""
    repair: bool = True
    """Look for what was meant where the text is no JSON: without a fence or the words around it,
    with missing quotes, commas and brackets. A rewrite puts that in its place."""
    max_repair_characters: int = Field(20_000, ge=1, le=100_000)
    """Longer texts are not repaired."""


class Json(Filter):
    """Scores 1 where a completion is not the JSON it must be, and 0.5 where it can be mended."""

    options_model = JsonOptions
    options: JsonOptions
    stages = frozenset({Stage.OUTPUT})
    unit = Unit.document(blank=True)

    def __init__(self, options: JsonOptions) -> None:
        super().__init__(options)
        if options.json_schema is not None and options.schema_file is not None:
            raise ValueError("json_schema and schema_file: one of them is enough")
        self._schema = _validator(options)

    async def check(self, item: Item) -> Finding | None:
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item.text)
        return self._look(item.text)

    def canaries(self) -> Sequence[Canary]:
        return [Canary(_BAD, bad=True)]

    def _look(self, text: str) -> Finding | None:
        reason = self._problem(text)
        if reason is None:
            return None
        meant = self._mended(text)
        score = 1.0 if meant is None else MENDED
        # What cannot be mended becomes JSON that says nothing: a label would be no JSON again.
        ranges = (Range(0, len(text), reason, score, meant or NOTHING),) if text else ()
        return Finding(score, reason, ranges)

    def _problem(self, text: str) -> str | None:
        """Return what is wrong with a text, as a label."""
        try:
            value = orjson.loads(text)
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            return "invalid_json"
        if not isinstance(value, {"object": dict, "array": list}.get(self.options.top, object)):
            return f"not_an_{self.options.top}"
        if self._schema is not None and not self._schema.is_valid(value):
            return "schema"
        return None

    def _mended(self, text: str) -> str | None:
        """Return the JSON that was meant, if it is right; else None."""
        if not self.options.repair:
            return None
        fenced = _FENCED.fullmatch(text)
        body = fenced[1] if fenced else text
        if fenced and self._problem(body) is None:
            return body
        if len(body) > self.options.max_repair_characters or _BRACKETS.isdisjoint(body):
            return None
        value = repaired(body)
        if not isinstance(value, dict | list) or not value:
            return None
        meant = json.dumps(value, ensure_ascii=False)
        # A bracket in prose is no JSON: without a schema to tell, most of the text must be it.
        if self._schema is None and not fenced and 2 * len(meant) < len(body):
            return None
        return meant if self._problem(meant) is None else None


def _validator(options: JsonOptions) -> Any:
    """Return what checks a value, or None without a schema.

    Raises:
        ValueError: the file cannot be read, or it is no schema.
    """
    schema: Any = options.json_schema
    if options.schema_file is not None:
        try:
            schema = json.loads(options.schema_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            name = options.schema_file
            raise ValueError(f"schema_file {name} cannot be read: {error}") from error
    if schema is None:
        return None
    try:
        return jsonschema_rs.validator_for(
            _plain(schema), pattern_options=jsonschema_rs.RegexOptions(), retriever=_refuse
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"the JSON Schema cannot be used: {reason}") from error


def _plain(schema: Any) -> Any:
    return dict(schema) if isinstance(schema, Mapping) else schema


def _refuse(uri: str) -> Any:
    raise ValueError(f"a schema may not refer to {uri}")
