"""What an operator's tools ask: is it alive, may traffic come, how is it doing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from app import __version__
from app.errors import Lost, NotReady, ShuttingDown
from app.routes.answers import ErrorAnswer, error_docs
from app.routes.authentication import PUBLIC_PATHS, requires
from app.routes.envelope import error_response
from app.routes.fields import Answer as Body
from app.routes.json_body import JsonResponse
from app.routes.readiness import Health
from app.routes.service import Served
from app.store.keys import Scope
from app.telemetry.metrics import CONTENT_TYPE

router = APIRouter(tags=["operations"])


class LiveResponse(Body):
    """The event loop turns, and nothing is lost for good."""

    status: str = "live"


class ReadyResponse(Body):
    """The server's health and that of its parts."""

    status: Health
    checks: dict[str, Health]


class NotReadyResponse(ReadyResponse):
    """As an error, so that one shape fits all."""

    error: ErrorAnswer


class VersionResponse(Body):
    """What runs here."""

    version: str
    model: str
    """The bundle behind `/infer` when a request names none."""


_live: dict[str, Any] = {"response_model": LiveResponse, "responses": error_docs(503)}


@router.get("/livez", summary="Is the process alive?", **_live)
@router.get("/healthz", summary="The same, where llm-guard has it", **_live)
@router.get("/health", summary="The same, where detectors have it", **_live)
async def livez(service: Served) -> Response:
    """Answer as long as a restart would not help, whatever else is down."""
    if service.readiness.is_lost:
        raise Lost
    return JsonResponse({"status": "live"})


@router.get(
    "/readyz",
    summary="May traffic come?",
    response_model=ReadyResponse,
    responses={503: {"model": NotReadyResponse, "description": "Send no traffic."}},
)
async def readyz(service: Served) -> Response:
    """Say which parts are ready.

    `degraded` is still 200: with Postgres down, questions are answered and kept on disk.
    """
    health, parts = service.readiness.report()
    if service.drain.is_draining:
        health = Health.DRAINING
    report: dict[str, Any] = {"status": health, "checks": parts}
    if health in (Health.READY, Health.DEGRADED):
        return JsonResponse(report)
    error = ShuttingDown() if health is Health.DRAINING else NotReady()
    return error_response(error, more=report)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    dependencies=[requires(Scope.ADMIN)],
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **error_docs(401, 403, 503),
    },
)
async def metrics(service: Served) -> Response:
    """Return all metrics as text; no label holds anything from a request."""
    return Response(service.metrics.render(), headers={"content-type": CONTENT_TYPE})


@router.get(
    "/version",
    summary="What runs here?",
    dependencies=[requires()],
    response_model=VersionResponse,
    responses=error_docs(401, 503, 504),
)
async def version(service: Served) -> Response:
    """Return the server's version and its default model."""
    return JsonResponse({"version": __version__, "model": service.settings.model})


@router.get(
    "/openapi.json",
    summary="This description",
    dependencies=[requires()],
    response_model=dict[str, Any],
    responses=error_docs(401, 503, 504),
)
async def openapi(request: Request) -> Response:
    """Return the OpenAPI description of all routes."""
    return JsonResponse(request.app.openapi())


def describe(app: Any) -> dict[str, Any]:
    """Return the OpenAPI document, with the credentials that each route wants."""
    document = get_openapi(
        title="Penstock",
        version=__version__,
        summary="Guarded inference: every answer filtered, every exchange kept.",
        routes=app.routes,
    )
    document.setdefault("components", {})["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _drop_the_frameworks_own(operation["responses"])
            if path not in PUBLIC_PATHS:
                operation["security"] = [{"bearer": []}, {"apiKey": []}]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"].get("schemas", {}).pop(name, None)
    return document


def _drop_the_frameworks_own(responses: dict[str, Any]) -> None:
    """Take out the 422 that the framework would answer; what is wrong with a request is told in our way."""
    if "ValidationError" in str(responses.get("422")):
        del responses["422"]
