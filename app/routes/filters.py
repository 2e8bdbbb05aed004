"""`/filters`: the chain in force, and reading it from the settings again."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import APIRouter
from starlette.responses import Response

from app.chain.instance import Instance
from app.chain.schema import chain_schema
from app.exchange import Mode
from app.routes.answers import error_docs
from app.routes.authentication import requires
from app.routes.fields import Answer
from app.routes.json_body import JsonResponse
from app.routes.service import Served
from app.store.keys import ApiKey, Scope
from filters import Isolation, Stage

router = APIRouter(prefix="/filters", tags=["filters"])

_key = requires(Scope.ADMIN)


class FilterAnswer(Answer):
    """One filter as it stands in the chain."""

    id: str
    filter: str
    """The filter's name."""
    version: str
    stage: Stage
    action: str
    """What is done from the threshold on."""
    threshold: float
    mode: Mode
    unit: str
    """How much text it judges at once."""
    isolation: Isolation
    """`process`: it runs in processes of its own."""
    circuit_open: bool
    """Whether it failed so often in a row that it is left alone for a while."""

    @classmethod
    def of(cls, instance: Instance) -> Self:
        """Return what is shown of an instance."""
        entry = instance.entry
        return cls(
            id=entry.id,
            filter=entry.filter,
            version=instance.filter.version,
            stage=instance.stage,
            action=entry.action,
            threshold=entry.threshold,
            mode=entry.mode,
            unit=instance.filter.unit.kind,
            isolation="none" if instance.restarts is None else "process",
            circuit_open=instance.is_circuit_open,
        )


class FilterList(Answer):
    """The chain in force, in order."""

    filters: list[FilterAnswer]


class ReloadAnswer(FilterList):
    """The chain that is in force now."""

    needs_restart: list[str]
    """Other settings that have changed since the start and count at the next one only."""


@router.get(
    "",
    summary="What stands in the chain?",
    dependencies=[_key],
    response_model=FilterList,
    responses=error_docs(401, 403, 503, 504),
)
async def list_filters(service: Served) -> Response:
    """Return the filters in force, in the order of the settings."""
    answers = [FilterAnswer.of(instance) for instance in service.filters.instances]
    return JsonResponse(FilterList(filters=answers).model_dump(mode="json"))


@router.post(
    "/reload",
    summary="Read the chain again",
    response_model=ReloadAnswer,
    responses=error_docs(401, 403, 409, 503, 504),
)
async def reload_filters(key: Annotated[ApiKey, _key], service: Served) -> Response:
    """Read the settings again and put their whole chain in force.

    Requests in work end on the chain they began with. If anything is wrong with the new one, an
    unknown filter, an option, a canary, the answer says what and where, and the old one goes on.
    """
    needs_restart = await service.filters.reload(key.name)
    answers = [FilterAnswer.of(instance) for instance in service.filters.instances]
    answer = ReloadAnswer(filters=answers, needs_restart=needs_restart)
    return JsonResponse(answer.model_dump(mode="json"))


@router.get(
    "/schema",
    summary="What may be written in the chain?",
    dependencies=[requires()],
    response_model=dict[str, Any],
    responses=error_docs(401, 503, 504),
)
async def filter_schema() -> Response:
    """Return the JSON Schema of the chain, with the options of every filter there is."""
    return JsonResponse(chain_schema())
