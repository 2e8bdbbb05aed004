from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from prometheus_client.parser import text_string_to_metric_families

from app import __version__
from app.routes.authentication import PUBLIC_PATHS
from app.store.keys import Scope
from tests.app.routes.serving import Desk


async def ready(desk: Desk) -> tuple[int, dict[str, Any]]:
    async with desk.client(None) as client:
        reply = await client.get("/readyz")
    return reply.status_code, reply.json()


async def test_a_healthy_server_takes_traffic(desk: Desk) -> None:
    status, body = await ready(desk)

    assert status == 200
    assert body == {
        "status": "ready",
        "checks": {"models": "ready", "threads": "ready", "database": "ready"},
    }


async def test_without_the_database_it_still_does(desk: Desk) -> None:
    desk.is_reachable = False
    status, body = await ready(desk)

    assert (status, body["status"], body["checks"]["database"]) == (200, "degraded", "degraded")


async def test_without_a_vital_part_it_says_which(desk: Desk) -> None:
    desk.is_alive = False
    status, body = await ready(desk)

    assert (status, body["status"], body["checks"]["models"]) == (503, "not_ready", "not_ready")
    assert body["error"]["code"] == "not_ready"


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/health"])
async def test_what_only_a_restart_mends_is_no_life(desk: Desk, path: str) -> None:
    desk.is_alive = False
    async with desk.client(None) as client:
        waiting = await client.get(path)
        desk.is_lost = True
        lost = await client.get(path)

    assert (waiting.status_code, lost.status_code) == (200, 503)
    assert lost.json()["error"]["code"] == "lost"


async def test_draining_it_says_so_while_it_lives(desk: Desk) -> None:
    desk.app.state.drain.begin()
    status, body = await ready(desk)
    async with desk.client(None) as client:
        alive = await client.get("/livez")

    assert (status, body["status"], body["error"]["code"]) == (503, "draining", "shutting_down")
    assert (alive.status_code, alive.json()) == (200, {"status": "live"})


async def test_the_version_names_the_default_model(desk: Desk) -> None:
    async with desk.client() as client:
        reply = await client.get("/version")

    assert reply.json() == {"version": __version__, "model": "scripted"}


async def test_metrics_are_prometheus_text(desk: Desk) -> None:
    async with desk.client() as client:
        await client.post("/infer", json={"prompt": "very secret"})
    async with desk.client(Scope.ADMIN) as client:
        reply = await client.get("/metrics")
    families = {family.name for family in text_string_to_metric_families(reply.text)}

    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert {"penstock_requests", "http_server_request_duration_seconds"} <= families
    assert "secret" not in reply.text
    assert all(secret not in reply.text for secret in desk.secrets.values())


AS_LLM_GUARD = ("/analyze/", "/scan/")
WITH_422 = (*AS_LLM_GUARD, "/api/v1/text/")


@pytest.fixture
async def document(desk: Desk) -> dict[str, Any]:
    async with desk.client() as client:
        described: dict[str, Any] = (await client.get("/openapi.json")).json()
    return described


def test_the_description_covers_every_route(document: dict[str, Any]) -> None:
    paths = {"/infer", "/exchanges", "/exchanges/{exchange_id}", "/livez", "/readyz"}

    paths |= {"/models", *(f"/models/{{name}}/{verb}" for verb in ("load", "unload", "rollback"))}
    paths |= {"/filters", "/filters/schema", "/filters/reload"}
    paths |= {"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"}
    paths |= {"/healthz", "/health", "/v1/moderations", "/beta/litellm_basic_guardrail_api"}
    paths |= {f"/{verb}/{what}" for verb in ("analyze", "scan") for what in ("prompt", "output")}
    paths |= {f"/api/v1/text/{what}" for what in ("contents", "generation", "chat", "context/doc")}
    paths |= {"/v1/responses/{response_id}", "/v1/models", "/v1/models/{model}"}
    assert paths | {"/metrics", "/version", "/openapi.json"} == document["paths"].keys()


def test_the_description_is_valid(document: dict[str, Any]) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@pytest.mark.parametrize(
    ("start", "schema"),
    [*((start, "LlmGuardError") for start in AS_LLM_GUARD), ("/api/", "DetectorError")],
)
def test_errors_of_others_forms_are_described_as_they_are(
    document: dict[str, Any], start: str, schema: str
) -> None:
    operations = [o["post"] for path, o in document["paths"].items() if path.startswith(start)]
    errors = [e for o in operations for status, e in o["responses"].items() if status != "200"]
    told = {error["content"]["application/json"]["schema"]["$ref"] for error in errors}

    assert told == {f"#/components/schemas/{schema}"}


def test_nothing_but_words_stands_beside_a_reference(document: dict[str, Any]) -> None:
    """What stands there must hold too: a `type` could contradict the schema that is meant."""
    beside = {name for node in _nodes(document) if "$ref" in node for name in node}

    assert beside <= {"$ref", "description"}


def test_every_answer_in_json_has_its_schema(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            content = operation["responses"]["200"]["content"]
            schema = content.get("application/json", {}).get("schema", {"type": "object"})
            assert "$ref" in schema or schema["type"] in {"object", "array"}, path


def test_whatever_wants_a_key_may_be_refused_for_now(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if "security" in operation:
                told = operation["responses"].keys()
                assert {"401", "503"} <= told, path
                assert "504" in told or path == "/metrics" or path.startswith(AS_LLM_GUARD), path


def test_every_operation_is_explained_and_says_what_it_wants(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
            assert ("security" in operation) is (path not in PUBLIC_PATHS)
            assert ("422" in operation["responses"]) is path.startswith(WITH_422)


def test_infer_documents_every_status_and_its_body(document: dict[str, Any]) -> None:
    infer = document["paths"]["/infer"]["post"]
    responses = infer["responses"]

    assert responses.keys() == {
        *("200", "400", "401", "403", "404", "408", "413", "415", "500", "503", "504")
    }
    assert responses["200"]["content"].keys() == {"application/json", "text/event-stream"}
    body = infer["requestBody"]["content"]["application/json"]["schema"]
    assert body["additionalProperties"] is False
    assert {"prompt", "messages", "stream", "passages"} <= body["properties"].keys()
    references = [name.rsplit("/")[-1] for name in _references(document)]
    assert set(references) <= document["components"]["schemas"].keys()


def _references(document: dict[str, Any]) -> list[str]:
    return [node["$ref"] for node in _nodes(document) if "$ref" in node]


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _nodes(child)
