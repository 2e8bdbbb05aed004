"""The routes of the review pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from app.errors import InvalidRequest, NotFound
from app.exchange import Action, Outcome
from app.marks import Segment, segments
from app.review import trying
from app.review.rendering import STATIC, PageRoute, is_part, page
from app.review.search import PERIODS, Search
from app.review.sessions import HOME, Reviewer, Sessions, is_ours
from app.review.view import exchange_view, row_view
from app.routes.authentication import SignIn
from app.routes.service import Served, Service
from app.store.keys import Scope
from app.store.query import ExchangeSummary

PAGE_ROWS = 50

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)
entrance = APIRouter(include_in_schema=False)

_anybody = Depends(SignIn())


def install_review(app: FastAPI, secret: bytes) -> None:
    """Add the review pages; `secret` signs the reviewers' cookies.

    Servers behind one address need the same secret.
    """
    app.state.review_sessions = Sessions(secret)
    for one in (router, trying.router, entrance):
        app.include_router(one)


@entrance.get("/", dependencies=[_anybody])
async def enter() -> Response:
    """Lead people who open the server's bare address to its pages."""
    return RedirectResponse(HOME, status_code=303)


@router.get("")
async def exchanges(reviewer: Reviewer, request: Request, service: Served) -> Response:
    """Show the list, or only its rows when the page asks for them."""
    search = Search.of(request.query_params)
    problem, rows = None, []
    try:
        before, after = search.cut()
        rows = await service.exchanges.page(search.query(), PAGE_ROWS + 1, before, after)
    except InvalidRequest as error:
        problem = error.message
    shown = rows[1:] if search.after and len(rows) > PAGE_ROWS else rows[:PAGE_ROWS]
    newer, older = _neighbours(search, shown, has_more=len(rows) > PAGE_ROWS)
    return page(
        "results.html" if is_part(request.headers) else "list.html",
        key=reviewer,
        search=search,
        problem=problem,
        rows=[row_view(row) for row in shown],
        outcomes=list(Outcome),
        actions=list(Action),
        instances=_instances(service),
        periods=[(name, title) for name, (title, _) in PERIODS.items()],
        newer=newer,
        older=older,
        asked=_asked(search),
    )


def _asked(search: Search) -> list[tuple[str, list[Segment], str]]:
    """Return what no field shows, each with the address of the list without it."""
    return [
        (name, segments(value, ()), search.url(**{name: "", "before": "", "after": ""}))
        for name, value in search.beside_the_fields.items()
    ]


def _instances(service: Service) -> list[str]:
    """Return the ids in force, and those of the start: the log has exchanges of both."""
    now = [instance.id for instance in service.filters.instances]
    return list(dict.fromkeys([*now, *(entry.id for entry in service.settings.chain)]))


def _neighbours(
    search: Search, shown: Sequence[ExchangeSummary], *, has_more: bool
) -> tuple[str | None, str | None]:
    """Return the addresses of the pages above and below, where there are any."""
    going_up = bool(search.after)
    has_newer = has_more if going_up else bool(search.before)
    has_older = going_up or has_more
    newer = search.url(before="", after=str(shown[0].id)) if shown and has_newer else None
    older = search.url(before=str(shown[-1].id), after="") if shown and has_older else None
    return newer, older


@router.get("/", dependencies=[_anybody])
async def list_without_slash(request: Request) -> Response:
    """Lead people who typed a slash too many to the list."""
    return RedirectResponse(Search.of(request.query_params).url(), status_code=303)


@router.get("/exchanges/{exchange_id}")
async def exchange(
    reviewer: Reviewer, request: Request, exchange_id: str, service: Served
) -> Response:
    """Show one exchange."""
    try:
        found = await service.exchanges.get(UUID(exchange_id))
    except ValueError:
        found = None
    if found is None:
        raise NotFound("Perhaps its retention is over, or the link is damaged.")
    return page("exchange.html", key=reviewer, exchange=found, back=HOME, **exchange_view(found))


@router.get("/sign-in", dependencies=[_anybody])
async def sign_in(next: str = HOME) -> Response:
    """Ask for a key."""
    return page("sign_in.html", next=next if is_ours(next) else HOME, problem=None)


@router.post("/sign-in", dependencies=[_anybody])
async def check_key(
    request: Request,
    service: Served,
    key: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = HOME,
) -> Response:
    """Begin a session if the key may review."""
    target = next if is_ours(next) else HOME
    found = service.keys.find(key.strip())
    if found is None or request.headers.get("sec-fetch-site") == "cross-site":
        return page("sign_in.html", 401, next=target, problem="That key is not valid.")
    if Scope.REVIEW not in found.scopes:
        problem = "That key is valid but may not review: it lacks the scope `review`."
        return page("sign_in.html", 403, next=target, problem=problem)
    response = RedirectResponse(target, status_code=303)
    sessions: Sessions = request.app.state.review_sessions
    sessions.begin(response, found, secure=request.scope["scheme"] == "https")
    return response


@router.post("/sign-out", dependencies=[_anybody])
async def sign_out(request: Request) -> Response:
    """End the session."""
    response = RedirectResponse(f"{HOME}/sign-in", status_code=303)
    sessions: Sessions = request.app.state.review_sessions
    sessions.end(response)
    return response


@router.get("/static/{name}", dependencies=[_anybody])
async def static(name: str) -> Response:
    """Return one of the pages' own files; their addresses change with their content."""
    if name not in {path.name for path in STATIC.iterdir()}:
        raise NotFound
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return FileResponse(STATIC / name, headers=headers)
