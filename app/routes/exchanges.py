"""`GET /exchanges`: the log, for reviewers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from starlette.responses import Response

from app.errors import InvalidRequest, NotFound
from app.exchange import Action, Outcome
from app.routes.answers import error_docs
from app.routes.authentication import requires
from app.routes.fields import Chars
from app.routes.json_body import JsonResponse
from app.routes.records import ExchangeItem, ExchangePage, ExchangeRecord
from app.routes.service import Served
from app.store.keys import Scope
from app.store.query import ExchangeQuery, ExchangeSummary

router = APIRouter(tags=["exchanges"], dependencies=[requires(Scope.REVIEW)])

MAX_LIMIT = 200

Sought = Annotated[str, Chars(1, 256)]
Deed = Literal[Action.FLAG, Action.REWRITE, Action.BLOCK, Action.ERROR]

_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _is_iso_8601(moment: str) -> str:
    """Refuse a number, which would be taken for the seconds since 1970."""
    if not _DATE.match(moment):
        raise ValueError("This must be a date and time in ISO 8601")
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(_is_iso_8601)]


class ExchangeFilter(BaseModel):
    """What a list of exchanges may be narrowed by; every part that is given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    outcome: Outcome | None = None
    """How the exchange ended."""
    instance: Sought | None = None
    """A filter in the chain, by its id, that did something: any action but `allow`."""
    action: Deed | None = None
    """What a filter did; with `instance`, what that one did."""
    model: Sought | None = None
    """The bundle that answered."""
    user: Sought | None = None
    """As the request said."""
    session: Sought | None = None
    """As the request said."""
    since: Moment | None = None
    """From this moment on, as ISO 8601 with a time zone."""
    until: Moment | None = None
    """Before this moment."""
    text: Sought | None = None
    """Words, "phrases", `or` and `-not`; without `since`, the last month is searched."""
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    """Most exchanges on a page."""
    before: UUID | None = None
    """Only exchanges older than this one: the `next` of a page."""
    after: UUID | None = None
    """Only exchanges newer than this one: the `previous` of a page."""

    @model_validator(mode="after")
    def _has_one_cursor(self) -> ExchangeFilter:
        if self.before and self.after:
            raise ValueError("Give before or after, not both")
        return self

    def query(self) -> ExchangeQuery:
        """Return the store's question."""
        return ExchangeQuery(**self.model_dump(exclude={"limit", "before", "after"}))


async def asked_once(request: Request) -> None:
    """Refuse a query that says something twice, of which a part would be ignored.

    Raises:
        InvalidRequest: it does.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    if len(names) > len(set(names)):
        raise InvalidRequest("A query parameter is there twice.")


@router.get(
    "/exchanges",
    summary="List exchanges, newest first",
    response_model=ExchangePage,
    dependencies=[Depends(asked_once)],
    responses=error_docs(400, 401, 403, 503, 504),
)
async def list_exchanges(wanted: Annotated[ExchangeFilter, Query()], service: Served) -> Response:
    """Return one page; its `next`, given as `before`, leads on, and its `previous` as `after` back."""
    found = await service.exchanges.page(
        wanted.query(), wanted.limit + 1, before=wanted.before, after=wanted.after
    )
    return JsonResponse(_page(found, wanted).model_dump())


@router.get(
    "/exchanges/{exchange_id}",
    summary="One exchange with everything that is known of it",
    response_model=ExchangeRecord,
    responses=error_docs(400, 401, 403, 404, 503, 504),
)
async def get_exchange(exchange_id: UUID, service: Served) -> Response:
    """Return the prompt, the passages, what the model wrote, what was released, and why."""
    exchange = await service.exchanges.get(exchange_id)
    if exchange is None:
        raise NotFound("There is no exchange with this id, or it is past its retention.")
    return JsonResponse(ExchangeRecord.of(exchange).model_dump())


def _page(found: Sequence[ExchangeSummary], wanted: ExchangeFilter) -> ExchangePage:
    """Cut the one exchange too many off, and find out whether there are neighbours."""
    is_cut = len(found) > wanted.limit
    shown = found[1:] if is_cut and wanted.after else found[: wanted.limit]
    has_older = bool(wanted.after) or is_cut
    has_newer = bool(wanted.before) or (bool(wanted.after) and is_cut)
    return ExchangePage(
        items=[ExchangeItem.of(summary) for summary in shown],
        next=shown[-1].id if shown and has_older else None,
        previous=shown[0].id if shown and has_newer else None,
    )
