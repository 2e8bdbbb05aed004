"""The JSON Schema says what the settings take, down to each filter's options."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from app.chain.registry import filter_names
from app.chain.schema import chain_schema, settings_schema
from app.settings import ChainEntry
from tests.commands import succeed

ROOT = Path(__file__).parents[3]
CHAIN: Any = jsonschema.Draft202012Validator(chain_schema())
GOOD = {"id": "x", "filter": "keyword", "stage": "input"}


def test_both_are_schemas() -> None:
    for schema in (chain_schema(), settings_schema()):
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_projects_own_settings_fit() -> None:
    settings = tomllib.loads((ROOT / "penstock.toml").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(settings_schema()).validate(settings)


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"options": {"words": ["bomb"]}}, True),
        ({"options": {"words": "bomb"}}, False),
        ({"options": {"wrods": ["bomb"]}}, False),
        ({"filter": "retrieval", "options": {"limit": 3}}, True),
        ({"filter": "retrieval", "options": {"limit": 0}}, False),
        ({"filter": "retrieval", "stage": "output"}, False),
        ({"stage": "retrieval", "isolation": "process"}, True),
        ({"filter": "no-such-filter"}, False),
        ({"threshold": 2}, False),
        ({"treshold": 0.2}, False),
    ],
)
def test_an_entry_is_held_against_its_filter(change: dict[str, Any], fits: bool) -> None:
    assert CHAIN.is_valid([GOOD | change]) is fits


def test_every_filter_is_there() -> None:
    entry = chain_schema()["$defs"]["ChainEntry"]

    assert entry["properties"]["filter"]["enum"] == filter_names()


def test_the_command_prints_it() -> None:
    assert json.loads(succeed("settings", "--schema")) == json.loads(json.dumps(settings_schema()))


def test_editors_that_look_at_no_keys_beside_an_all_of_find_those_of_an_entry() -> None:
    entry = settings_schema()["$defs"]["ChainEntry"]

    assert "allOf" not in entry
    assert entry["properties"].keys() == ChainEntry.model_fields.keys()
    assert entry["properties"]["filter"]["enum"] == filter_names()
