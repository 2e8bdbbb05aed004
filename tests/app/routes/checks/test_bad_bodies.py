"""Whatever is sent to a check is answered, by a small error that repeats nothing, or by a finding."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.routes.checks import detections, litellm, llm_guard, moderations
from tests.app.routes.checks.chains import rules
from tests.app.routes.checks.test_description import PATHS
from tests.app.routes.serving import Desk
from tests.app.routes.test_bad_inputs import BAD_JSON, JSON

BAD = [body for kind, body in BAD_JSON.items() if kind != "an unknown name"]
"""Fields that a later version of another program's form may add are not read."""
HEADERS = {"content-type": "application/json", "detector-id": "output"}
REQUESTS = (
    moderations.ModerationRequest,
    llm_guard.OutputRequest,
    litellm.GuardrailRequest,
    detections.ContentsRequest,
    detections.GenerationRequest,
    detections.ContextRequest,
    detections.ChatRequest,
)


@pytest.fixture(autouse=True)
def chain(desk: Desk) -> None:
    desk.let_write(chain=rules())


def check_error(reply: httpx.Response) -> None:
    assert reply.status_code in {400, 422}
    assert reply.json()["error"]["code"] == "invalid_request"
    assert len(reply.content) < 500
    assert b"PRIVAT" not in reply.content


@pytest.mark.parametrize("path", PATHS)
async def test_bad_json_gets_a_small_answer_that_repeats_nothing(desk: Desk, path: str) -> None:
    async with desk.client() as client:
        for body in BAD:
            check_error(await client.post(path, content=body, headers=HEADERS))

    assert desk.records.exchanges == []


@pytest.mark.parametrize("path", PATHS)
async def test_any_unicode_is_a_text(desk: Desk, path: str) -> None:
    [example] = desk.app.openapi()["paths"][path]["post"]["requestBody"]["content"][
        "application/json"
    ]["schema"]["examples"]
    odd = json.dumps(example).replace("filter?", "\\u0000\\ud800\\u202e\\ufeff").encode()
    async with desk.client() as client:
        reply = await client.post(path, content=odd, headers=HEADERS)

    assert reply.status_code == 200, reply.text


def near(model: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies that are nearly right: the example with some fields put in other's places."""
    [example] = model.model_config["json_schema_extra"]["examples"]
    fields = st.sampled_from([*model.model_fields, "made-up"])
    return st.dictionaries(fields, JSON, max_size=3).map(lambda body: {**example, **body})


@pytest.mark.parametrize("path", PATHS)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=JSON | st.one_of(*map(near, REQUESTS)))
async def test_no_body_breaks_a_check(desk: Desk, path: str, body: Any) -> None:
    async with desk.client() as client:
        reply = await client.post(path, content=json.dumps(body), headers=HEADERS)

    assert reply.status_code in {200, 400, 422}
    if reply.status_code != 200:
        assert reply.json()["error"]["code"] in {"invalid_request", "unsupported_parameter"}
