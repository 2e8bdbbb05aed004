"""`/filters`: what stands in the chain, and reading it again."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from app.store.keys import Scope
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.routes.serving import Desk
from tests.app.scripted import FixedFilters


def filters_of(desk: Desk) -> FixedFilters:
    filters = desk.app.state.service.filters
    assert isinstance(filters, FixedFilters)
    return filters


async def test_the_filters_in_force_are_listed(desk: Desk) -> None:
    desk.let_write("Ok.", chain=[instance(Word(WordOptions()), id="words", threshold=0.7)])

    async with desk.client(Scope.ADMIN) as client:
        answer = await client.get("/filters")

    assert answer.json() == {
        "filters": [
            {
                "id": "words",
                "filter": "word",
                "version": "1",
                "stage": "output",
                "action": "block",
                "threshold": 0.7,
                "mode": "enforce",
                "unit": "sentence",
                "isolation": "none",
                "circuit_open": False,
            }
        ]
    }


async def test_a_reload_says_what_counts_at_the_next_start_only(desk: Desk) -> None:
    async with desk.client(Scope.ADMIN) as client:
        answer = await client.post("/filters/reload")

    assert answer.json() == {"filters": [], "needs_restart": ["limits"]}
    assert filters_of(desk).wanted == ["admin"]


async def test_a_reload_that_fails_says_why(desk: Desk) -> None:
    filters_of(desk).problem = "penstock.toml:7: filter 'x': unknown option 'wrods'"

    async with desk.client(Scope.ADMIN) as client:
        answer = await client.post("/filters/reload")

    assert answer.status_code == 409
    assert answer.json()["error"] == {
        "message": "penstock.toml:7: filter 'x': unknown option 'wrods'",
        "type": "invalid_request_error",
        "param": None,
        "code": "chain_not_loaded",
    }


async def test_the_schema_is_there_for_any_key(desk: Desk) -> None:
    async with desk.client(Scope.INFER) as client:
        answer = await client.get("/filters/schema")

    check: Any = jsonschema.Draft202012Validator(answer.json())
    entry = {"id": "x", "filter": "keyword", "stage": "input", "options": {"words": ["bomb"]}}
    assert check.is_valid([entry])
    assert not check.is_valid([entry | {"options": {"wrods": ["bomb"]}}])


@pytest.mark.parametrize(("method", "path"), [("GET", "/filters"), ("POST", "/filters/reload")])
async def test_only_operators_may(desk: Desk, method: str, path: str) -> None:
    async with desk.client(Scope.INFER) as client:
        assert (await client.request(method, path)).status_code == 403
    assert filters_of(desk).wanted == []
