"""`/models`: which models are served, and changing that while the server serves."""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.engine import Task
from app.routes.answers import error_docs
from app.routes.authentication import requires
from app.routes.fields import Answer
from app.routes.json_body import JsonResponse
from app.routes.lineup import ModelState
from app.routes.service import Served, Service
from app.store.keys import ApiKey, Scope

router = APIRouter(tags=["models"])

_NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
_key = requires(Scope.ADMIN)

Name = Annotated[str, Path(pattern=_NAME)]
"""A bundle's name."""
Version = Annotated[str | None, Query(pattern=_NAME)]
"""One of its versions."""


class ModelAnswer(Answer):
    """A name that requests may ask for, and what answers."""

    name: str
    """`name`, or `name@version` where the settings pin a version."""
    version: str
    """Of the bundle that answers; empty if none could be loaded."""
    task: Task | None
    in_settings: bool
    """Whether the settings name it; others can be unloaded."""
    num_requests: int
    """Requests that it is answering now."""
    num_waiting: int
    """What waits in front of it."""
    problem: str
    """Why the version in production could not be loaded; empty if it answers."""

    @classmethod
    def of(cls, state: ModelState) -> Self:
        """Return what is shown of a model."""
        return cls.model_validate(state)


class ModelList(Answer):
    """Everything that is served."""

    models: list[ModelAnswer]


@router.get(
    "/models",
    summary="Which models are served?",
    dependencies=[_key],
    response_model=ModelList,
    responses=error_docs(401, 403, 503, 504),
)
async def list_models(service: Served) -> Response:
    """Return what answers to each name, and what could not be loaded, with the reason."""
    return _answer(service)


@router.post(
    "/models/{name}/load",
    summary="Serve a bundle",
    response_model=ModelList,
    responses=error_docs(400, 401, 403, 404, 409, 503, 504),
)
async def load_model(
    key: Annotated[ApiKey, _key], name: Name, service: Served, version: Version = None
) -> Response:
    """Load a version of a bundle, put it in production and let it answer to its name.

    Without `version` it is the one in production, else the newest. The answer comes when it is
    served here; servers on the same database follow. Requests in work end where they began. If it
    cannot be loaded, nothing changes.
    """
    await service.lineup.load(name, version, key.name)
    return _answer(service)


@router.post(
    "/models/{name}/unload",
    summary="Serve a bundle no more",
    response_model=ModelList,
    responses=error_docs(400, 401, 403, 404, 409, 503, 504),
)
async def unload_model(key: Annotated[ApiKey, _key], name: Name, service: Served) -> Response:
    """Let nothing answer to this name any more; requests in work end first."""
    await service.lineup.unload(name, key.name)
    return _answer(service)


@router.post(
    "/models/{name}/rollback",
    summary="Put back what was in production before",
    response_model=ModelList,
    responses=error_docs(400, 401, 403, 404, 409, 503, 504),
)
async def roll_back_model(key: Annotated[ApiKey, _key], name: Name, service: Served) -> Response:
    """Load the version that was in production before and let it answer again."""
    await service.lineup.roll_back(name, key.name)
    return _answer(service)


def _answer(service: Service) -> Response:
    models = [ModelAnswer.of(state) for state in service.lineup.states()]
    return JsonResponse(ModelList(models=models).model_dump())
