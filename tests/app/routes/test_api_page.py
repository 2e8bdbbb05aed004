"""docs/api.md says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app import errors
from app.errors import PenstockError, StartupError
from app.routes import checks, exchanges, filters, infer, models, openai, operations
from app.routes.answers import ErrorResponse, InferResponse
from app.routes.authentication import KeyGuard
from app.routes.exchanges import ExchangeFilter
from app.routes.limits import STRANGERS_BODY_BYTES, STRANGERS_BODY_S
from app.routes.operations import ReadyResponse
from app.routes.parameters import Parameters
from app.routes.schemas import InferRequest
from app.server.protocol import BoundedProtocol

PAGE = Path(__file__).parents[3].joinpath("docs", "api.md").read_text(encoding="utf-8")
MODELS: dict[str, type[BaseModel]] = {
    "request": InferRequest,
    "response": InferResponse,
    "error": ErrorResponse,
    "ready": ReadyResponse,
}
# Raised towards commands and inside the server only, never towards an HTTP client.
INTERNAL = {"source_unreadable", "unstorable"}


def examples() -> list[tuple[str, Any]]:
    found = re.findall(r"^```json (\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [(kind, json.loads(text)) for kind, text in found]


def rows(first_column: str) -> list[list[str]]:
    lines = re.findall(rf"^\| {first_column} \|.*$", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(("kind", "example"), examples())
def test_every_example_is_valid(kind: str, example: Any) -> None:
    MODELS[kind].model_validate_json(json.dumps(example))


def test_all_kinds_of_examples_are_there() -> None:
    assert {kind for kind, _ in examples()} == MODELS.keys()


def test_the_positions_of_the_example_fit_its_texts() -> None:
    example = next(example for kind, example in examples() if kind == "response")
    (citation,) = example["citations"]
    start = citation["answer_start"] - citation["start"]
    end = citation["answer_end"] - citation["start"]

    assert citation["sentence"][start:end] == citation["answer"]
    assert len(citation["sentence"]) == citation["end"] - citation["start"]


def test_every_error_that_a_client_may_see_is_in_the_table() -> None:
    kinds = [
        e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, PenstockError)
    ]
    raised = {(str(k.status), k.code) for k in kinds if not issubclass(k, StartupError)}
    told = {(status, code.strip("`")) for status, code, _ in rows(r"[45]\d\d \| `\w+`")}

    assert told == {(status, code) for status, code in raised if code not in INTERNAL}


def test_every_route_is_in_the_table_with_what_it_wants() -> None:
    own = (infer.router, exchanges.router, models.router, filters.router, operations.router)
    routers: list[APIRouter] = [*own, *openai.routers, *checks.routers]
    routes = [route for router in routers for route in router.routes]
    served = {
        (f"{method} {route.path}", _wanted(route))
        for route in routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    told = {
        (route.strip("`"), wanted.strip("`")) for route, wanted, _ in rows(r"`(?:GET|POST) [^|]*")
    }

    assert told == served


def _wanted(route: APIRoute) -> str:
    dependencies = route.dependant.dependencies
    guard = dependencies[0].call if dependencies else None
    if not isinstance(guard, KeyGuard):
        return "nothing"
    return guard.scope.value if guard.scope else "any key"


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (InferRequest, "## Asking"),
        (Parameters, "## Picking words"),
        (ExchangeFilter, "## The log"),
    ],
)
def test_every_field_is_explained(model: Any, heading: str) -> None:
    section = PAGE.partition(heading)[2].partition("\n## ")[0]
    first_cells = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    told = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}

    assert told == set(model.model_fields)


def test_the_fixed_limits_are_told() -> None:
    limits = PAGE.partition("## Limits")[2].partition("\n## ")[0]

    assert BoundedProtocol.header_bytes == 32_768
    assert f"within {BoundedProtocol.headers_s:.0f} seconds" in limits
    assert f"{BoundedProtocol.body_parts:,} pieces" in limits
    assert f"{STRANGERS_BODY_BYTES // 1_024} KB and {STRANGERS_BODY_S:.0f} seconds" in limits
    assert f"for {BoundedProtocol.write_s:.0f} seconds" in limits
