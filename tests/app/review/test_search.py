"""Every state of the list is a URL, and damaged ones are told so."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest

from app.errors import InvalidRequest
from app.exchange import Action, Outcome
from app.review.search import Search


def test_a_url_becomes_a_question() -> None:
    search = Search.of(
        {"text": " bomb ", "outcome": "blocked", "action": "block", "period": "24h", "odd": "x"}
    )

    query = search.query()

    assert (query.text, query.outcome, query.action) == ("bomb", Outcome.BLOCKED, Action.BLOCK)
    assert query.since is not None
    assert dt.datetime.now(dt.UTC) - query.since < dt.timedelta(hours=25)


def test_an_empty_url_asks_for_everything() -> None:
    search = Search.of({})

    assert not search.is_narrowed
    assert search.query().since is None
    assert search.url() == "/review"


def test_a_question_becomes_its_url_again() -> None:
    search = Search.of({"text": "a&b", "outcome": "failed"})

    assert search.url(before="x") == "/review?text=a%26b&outcome=failed&before=x"


@pytest.mark.parametrize("query", [{"outcome": "odd"}, {"action": "odd"}, {"period": "1y"}])
def test_unknown_words_are_refused_without_echo(query: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest) as error:
        Search.of(query).query()

    assert "odd" not in error.value.message


def test_pages_are_cut_at_ids() -> None:
    some = uuid4()

    assert Search.of({"before": str(some)}).cut() == (some, None)
    with pytest.raises(InvalidRequest):
        Search.of({"after": "x"}).cut()
