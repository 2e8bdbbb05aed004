"""`penstock exchanges`: read the log on a terminal."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from app.cli import exchange_view, times
from app.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from app.store.exchanges import ExchangeStore
    from app.store.query import ExchangeQuery, ExchangeSummary

app = typer.Typer(
    name="exchanges", help="Read the log: what was asked and answered.", no_args_is_help=True
)

LAST = 10
PAGE = 100
POLL_S = 1.0
LATE_S = 60.0
"""How long after its beginning an exchange may be stored and still be followed."""

_Outcome = Annotated[
    Literal["completed", "rewritten", "blocked", "failed", "cancelled"] | None,
    typer.Option(help="Only those that ended so."),
]
_Instance = Annotated[
    str | None, typer.Option(help="Only those where this filter of the chain did something.")
]
_Action = Annotated[
    Literal["allow", "flag", "rewrite", "block", "error"] | None,
    typer.Option(help="Only those where a filter, or the one of --instance, did this."),
]
_Model = Annotated[str | None, typer.Option(help="Only those answered by this model.")]
_User = Annotated[str | None, typer.Option(help="Only those of this user.")]
_Session = Annotated[str | None, typer.Option(help="Only those of this session.")]
_Since = Annotated[
    dt.datetime | None, typer.Option(parser=times.ago, metavar="time", help=f"From: {times.HINT}.")
]
_Until = Annotated[
    dt.datetime | None, typer.Option(parser=times.ago, metavar="time", help="Before.")
]
_Text = Annotated[
    str | None, typer.Option(help='Words, "phrases", `or` and `-not`, in prompt or completion.')
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


@app.command("list")
def list_exchanges(  # noqa: PLR0913 (one parameter an option)
    outcome: _Outcome = None,
    instance: _Instance = None,
    action: _Action = None,
    model: _Model = None,
    user: _User = None,
    session: _Session = None,
    since: _Since = None,
    until: _Until = None,
    text: _Text = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most to show.")] = 20,
    before: Annotated[
        UUID | None, typer.Option(help="Only older ones than this id: the next page.")
    ] = None,
    as_json: _AsJson = False,
) -> None:
    """List exchanges, newest first."""
    who = replace(_query(outcome, action), instance=instance, model=model, user=user)
    query = replace(who, session=session, since=since, until=until, text=text)

    async def read(store: ExchangeStore) -> None:
        exchange_view.show_page(await store.page(query, limit, before), as_json=as_json)

    _run(read)


@app.command("tail")
def tail_exchanges(  # noqa: PLR0913 (one parameter an option)
    outcome: _Outcome = None,
    instance: _Instance = None,
    action: _Action = None,
    model: _Model = None,
    user: _User = None,
    session: _Session = None,
    as_json: _AsJson = False,
) -> None:
    """Show the last ten exchanges, then new ones as they come, until Ctrl-C."""
    asked = _query(outcome, action)
    query = replace(asked, instance=instance, model=model, user=user, session=session)

    async def watch(store: ExchangeStore) -> None:
        async for summary in follow(store, query):
            exchange_view.show_line(summary, as_json=as_json)

    _run(watch)


@app.command("show")
def show_exchange(
    exchange_id: Annotated[UUID, typer.Argument(metavar="id", help="As in the answer.")],
    as_json: _AsJson = False,
) -> None:
    """Show one exchange with its prompt, passages, completion and verdicts."""

    async def read(store: ExchangeStore) -> None:
        exchange = await store.get(exchange_id)
        if exchange is None:
            raise NotFound(f"There is no exchange {exchange_id}.")
        exchange_view.show_exchange(exchange, as_json=as_json)

    _run(read)


async def follow(
    store: ExchangeStore, query: ExchangeQuery, poll_s: float = POLL_S
) -> AsyncGenerator[ExchangeSummary]:
    """Yield the last exchanges asked for, oldest first, then new ones for ever.

    An exchange is stored when it ends, with an id of when it began, so every look goes back
    LATE_S: one that took long comes behind those that began after it.
    """
    begun = dt.datetime.now(dt.UTC)
    known = {summary.id async for summary in _since(store, query, begun)}
    for summary in reversed(await store.page(query, LAST)):
        known.add(summary.id)
        yield summary
    while True:
        await asyncio.sleep(poll_s)
        since, begun = begun, dt.datetime.now(dt.UTC)
        found = [summary async for summary in _since(store, query, since)]
        for summary in found:
            if summary.id not in known:
                yield summary
        known = {summary.id for summary in found}


async def _since(
    store: ExchangeStore, query: ExchangeQuery, moment: dt.datetime
) -> AsyncGenerator[ExchangeSummary]:
    """Yield the exchanges that began LATE_S before a moment or later, oldest first."""
    from app.store.months import first_id

    after = first_id(moment - dt.timedelta(seconds=LATE_S))
    while page := await store.page(query, PAGE, after=after):
        for summary in reversed(page):
            yield summary
        after = page[0].id


def _query(outcome: str | None, action: str | None) -> ExchangeQuery:
    from app.exchange import Action, Outcome
    from app.store.query import ExchangeQuery

    return ExchangeQuery(
        outcome=Outcome(outcome) if outcome else None, action=Action(action) if action else None
    )


def _run(work: Callable[[ExchangeStore], Awaitable[None]]) -> None:
    from app.cli import database
    from app.store.exchanges import ExchangeStore

    database.run(lambda connected: work(ExchangeStore(connected)))
