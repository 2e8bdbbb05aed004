"""`GET /v1/models`: what a request may name."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from app.engine import Task
from app.errors import ModelNotFound
from app.routes.answers import error_docs
from app.routes.authentication import requires
from app.routes.json_body import JsonResponse
from app.routes.service import Served, Service
from app.store.keys import Scope

router = APIRouter(tags=["openai"], dependencies=[requires(Scope.INFER)])

EMBEDDING = "feature-extraction"


@router.get(
    "/v1/models",
    summary="What a request may name as its model",
    response_model=dict[str, Any],
    responses=error_docs(401, 403, 503, 504),
)
async def list_models(service: Served) -> Response:
    """Return every served bundle, as `name` and as `name@version`, and the encoder."""
    found = [_entry(name, service, described) for name, described in _models(service).items()]
    return JsonResponse({"object": "list", "data": found})


@router.get(
    "/v1/models/{model}",
    summary="One of the models",
    response_model=dict[str, Any],
    responses=error_docs(401, 403, 404, 503, 504),
)
async def get_model(model: str, service: Served) -> Response:
    """Return what is known of a model."""
    described = _models(service).get(model)
    if described is None:
        raise ModelNotFound
    return JsonResponse(_entry(model, service, described))


def _models(service: Service) -> dict[str, tuple[str, str]]:
    """Return each name with the `name@version` and the task behind it."""
    encoder = service.embedder.reference
    models: dict[str, tuple[str, str]] = dict.fromkeys(
        (encoder.partition("@")[0], encoder), (encoder, EMBEDDING)
    )
    for name in service.engines.names:
        if engine := service.engines.get(name):
            models[name] = (f"{engine.name}@{engine.version}", Task(engine.task).value)
    return models


def _entry(name: str, service: Service, described: tuple[str, str]) -> dict[str, Any]:
    reference, task = described
    return {
        "id": name,
        "object": "model",
        "created": service.started_at,
        "owned_by": "penstock",
        "penstock": {"bundle": reference, "task": task},
    }
