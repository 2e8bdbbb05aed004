"""The SQL that answers a question about the log, one page at a time.

Pages are cut by id, which is by time, so any page costs the same. What is rare is looked up
in an index first and then sorted: left to itself, Postgres would rather walk the whole log
backwards, in the hope of meeting fifty matches soon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, func, literal, literal_column, select

from app.exchange import Action, FinishReason, Mode, Outcome
from app.store.lossless import clean
from app.store.months import first_id
from app.store.query import ExchangeQuery, ExchangeSummary, VerdictSummary
from app.store.tables import SEARCHED_WORDS, exchange, exchange_content, verdict
from filters import Stage

INDEXED_CHARS = 100
"""Of a user's and a session's id."""
BEGINNING_CHARS = 240


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a page begins: just below one id, or just above another."""

    before: UUID | None = None
    after: UUID | None = None

    def order(self, column: ColumnElement[UUID]) -> ColumnElement[UUID]:
        """Sort from the cut away."""
        return column.asc() if self.after is not None else column.desc()


def page_of(query: ExchangeQuery, limit: int, cut: Cut) -> Select[*tuple[Any, ...]]:
    """Return the statement for one page, newest first."""
    page = select(exchange).where(*_conditions(query), *_between(exchange.c.id, query, cut))
    if query.text is not None:
        hits = _text_hits(query, query.text, cut)
        page = page.join(hits, hits.c.exchange_id == exchange.c.id)
    if query.action is Action.ALLOW:
        page = page.where(_is_allowed(query))  # as nearly all are: no index would help
    elif query.instance is not None or query.action is not None:
        found = _verdict_hits(query, cut)
        page = page.join(found, found.c.exchange_id == exchange.c.id)
    return _with_beginnings(page.order_by(cut.order(exchange.c.id)).limit(limit).subquery("page"))


def verdicts_of(ids: list[UUID]) -> Select[*tuple[Any, ...]]:
    """Return the statement for the verdicts to show beside a page of exchanges."""
    wanted = verdict.c.exchange_id.in_(ids), verdict.c.action != _inline(Action.ALLOW)
    return select(verdict).where(*wanted).order_by(verdict.c.exchange_id, verdict.c.position)


def _with_beginnings(page: FromClause) -> Select[*tuple[Any, ...]]:
    texts = (exchange_content.c.prompt, exchange_content.c.completion)
    beginnings = [func.left(text, BEGINNING_CHARS).label(text.name) for text in texts]
    joined = page.outerjoin(exchange_content, exchange_content.c.exchange_id == page.c.id)
    return select(page, *beginnings).select_from(joined).order_by(page.c.id.desc())


def _conditions(query: ExchangeQuery) -> Iterator[ColumnElement[bool]]:
    if query.outcome is not None:
        yield exchange.c.outcome == _inline(query.outcome)
    if query.model is not None:
        yield exchange.c.model == clean(query.model)
    for column, wanted in (
        (exchange.c.user_id, query.user),
        (exchange.c.session_id, query.session),
    ):
        if wanted is not None:
            yield column == clean(wanted)
            yield (
                func.left(column, literal_column(str(INDEXED_CHARS)))
                == clean(wanted)[:INDEXED_CHARS]
            )


def _between(
    column: ColumnElement[UUID], query: ExchangeQuery, cut: Cut
) -> Iterator[ColumnElement[bool]]:
    if query.earliest is not None:
        yield column >= first_id(query.earliest)
    if query.until is not None:
        yield column < first_id(query.until)
    if cut.before is not None:
        yield column < cut.before
    if cut.after is not None:
        yield column > cut.after


def _text_hits(query: ExchangeQuery, wanted: str, cut: Cut) -> FromClause:
    column = exchange_content.c.exchange_id
    words = func.websearch_to_tsquery(literal_column("'simple'::regconfig"), clean(wanted))
    matches = literal_column(SEARCHED_WORDS).op("@@")(words)
    hits = select(column).where(matches, *_between(column, query, cut)).cte("text_hits")
    return hits.prefix_with("MATERIALIZED", dialect="postgresql")


def _verdict_hits(query: ExchangeQuery, cut: Cut) -> FromClause:
    """Return ids in order and each once, read off an index as far as the page needs them."""
    column = verdict.c.exchange_id
    hits = select(column).distinct().where(*_between(column, query, cut))
    if query.instance is not None:
        hits = hits.where(verdict.c.instance == clean(query.instance))
    if query.action is not None:
        hits = hits.where(verdict.c.action == _inline(query.action))
    else:
        hits = hits.where(verdict.c.action != _inline(Action.ALLOW))
    return hits.order_by(cut.order(column)).subquery("verdict_hits")


def _is_allowed(query: ExchangeQuery) -> ColumnElement[bool]:
    allowed = select(verdict.c.position).where(
        verdict.c.exchange_id == exchange.c.id, verdict.c.action == Action.ALLOW.value
    )
    if query.instance is not None:
        allowed = allowed.where(verdict.c.instance == clean(query.instance))
    return allowed.exists()


def _inline(value: Outcome | Action) -> ColumnElement[str]:
    """Write a word of ours into the statement, so that Postgres sees that a partial index fits."""
    return literal(value.value, literal_execute=True)


def read_summary(row: Mapping[str, Any], verdicts: Sequence[Mapping[str, Any]]) -> ExchangeSummary:
    """Return a row of `page_of` with its rows of `verdicts_of`."""
    return ExchangeSummary(
        id=row["id"],
        created_at=row["created_at"],
        model=row["model"],
        model_version=row["model_version"],
        outcome=Outcome(row["outcome"]),
        finish_reason=FinishReason(row["finish_reason"]),
        error_code=row["error_code"],
        user=row["user_id"],
        session=row["session_id"],
        total_ms=row["timings_ms"].get("total"),
        prompt=row["prompt"],
        completion=row["completion"],
        verdicts=tuple(
            VerdictSummary(
                id=judged["instance"],
                stage=Stage(judged["stage"]),
                action=Action(judged["action"]),
                mode=Mode(judged["mode"]),
                label=judged["label"],
                score=judged["score"],
            )
            for judged in verdicts
        ),
    )
