"""What the API's description says of checks is true: its examples are answered, its schemas hold."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.routes import checks
from tests.app.routes.checks.chains import post, rules
from tests.app.routes.serving import Desk

PATHS = [route.path for router in checks.routers for route in router.routes]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def chain(desk: Desk) -> None:
    desk.let_write(chain=rules())


def request_schema(desk: Desk, path: str) -> Any:
    operation = desk.app.openapi()["paths"][path]["post"]
    return operation["requestBody"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize("path", PATHS)
async def test_its_example_is_answered(desk: Desk, path: str) -> None:
    schema = request_schema(desk, path)
    [example] = schema["examples"]
    reply = await post(desk, path, example, **{"detector-id": "output"})

    assert reply.status_code == 200, reply.text
    assert Draft202012Validator(schema).is_valid(example)


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("/v1/moderations", {"input": []}),
    ("/v1/moderations", {"input": [{}]}),
    ("/v1/moderations", {"input": [{"type": "image_url", "text": "x"}]}),
    ("/beta/litellm_basic_guardrail_api", {"input_type": "request", "images": ["x"]}),
    ("/api/v1/text/chat", {"messages": []}),
    ("/api/v1/text/context/doc", {"content": "", "context_type": "url", "context": []}),
]


@pytest.mark.parametrize(("path", "body"), REFUSED)
async def test_what_is_refused_does_not_fit_the_schema(
    desk: Desk, path: str, body: dict[str, Any]
) -> None:
    reply = await post(desk, path, body, **{"detector-id": "output"})

    assert reply.status_code in {400, 422}
    assert not Draft202012Validator(request_schema(desk, path)).is_valid(body)
