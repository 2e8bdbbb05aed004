"""The settings as JSON Schema, with the options of every filter that may stand in the chain."""

from __future__ import annotations

from typing import Any

from pydantic import PydanticUserError

from app.chain.registry import filter_class, filter_names
from app.errors import FilterError
from app.settings import ChainEntry, Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def settings_schema() -> dict[str, Any]:
    """Return the schema of `penstock.toml`."""
    schema = Settings.model_json_schema()
    definitions = schema["$defs"]
    definitions["ChainEntry"] = _entry(definitions["ChainEntry"])
    return {"$schema": DIALECT, **schema, "title": "penstock.toml"}


def chain_schema() -> dict[str, Any]:
    """Return the schema of the chain: a list of filters, each with its own options."""
    schema = ChainEntry.model_json_schema()
    definitions = schema.pop("$defs", {})
    return {
        "$schema": DIALECT,
        "title": "chain",
        "type": "array",
        "items": {"$ref": "#/$defs/ChainEntry"},
        "$defs": {**definitions, "ChainEntry": _entry(schema)},
    }


def options_schema(name: str) -> dict[str, Any]:
    """Return the schema of one filter's options.

    Raises:
        FilterError: there is no such filter, it cannot be imported, or its options have no schema.
    """
    try:
        return filter_class(name).options_model.model_json_schema()
    except PydanticUserError as error:
        reason = error.message.splitlines()[0]
        raise FilterError(f"The options of filter {name!r} have no schema: {reason}.") from error


def _entry(schema: dict[str, Any]) -> dict[str, Any]:
    """Add to the schema of an entry which filters there are, and what each takes and where."""
    names, cases = [], []
    for name in filter_names():
        try:
            case = _case(name)
        except FilterError:
            continue  # `penstock filters list` tells why
        names.append(name)
        cases.append(case)
    properties = schema["properties"] | {
        "filter": {"enum": names, "description": "Name of the filter."}
    }
    # Editors for TOML offer no keys beside an `allOf`, so it stands where they do not look.
    return {**schema, "properties": properties, "if": True, "then": {"allOf": cases}}


def _case(name: str) -> dict[str, Any]:
    """Say what holds where the filter has this name."""
    stages = sorted(filter_class(name).stages)
    options = options_schema(name)
    # Its own definitions are looked up from its own root.
    options |= {"$id": f"urn:penstock:filter:{name}"}
    return {
        "if": {"properties": {"filter": {"const": name}}, "required": ["filter"]},
        "then": {"properties": {"options": options, "stage": {"enum": stages}}},
    }
