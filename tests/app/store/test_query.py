import datetime as dt

from app.store.query import FIRST_MOMENT, TEXT_WINDOW, ExchangeQuery

MAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
JUNE = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def test_without_text_there_is_no_window() -> None:
    assert ExchangeQuery().earliest is None
    assert ExchangeQuery(until=JUNE).earliest is None
    assert ExchangeQuery(since=MAY).earliest == MAY


def test_a_search_of_text_goes_back_for_a_while() -> None:
    before = dt.datetime.now(dt.UTC)
    earliest = ExchangeQuery(text="gate").earliest

    assert earliest
    assert before <= earliest + TEXT_WINDOW <= dt.datetime.now(dt.UTC)


def test_a_search_of_text_that_ends_earlier_begins_earlier() -> None:
    assert ExchangeQuery(text="gate", until=JUNE).earliest == JUNE - TEXT_WINDOW


def test_a_search_of_text_goes_back_as_far_as_it_is_told() -> None:
    assert ExchangeQuery(text="gate", since=MAY).earliest == MAY


def test_a_search_of_text_that_ends_before_all_time_finds_nothing_and_breaks_nothing() -> None:
    beginning = dt.datetime(1, 1, 5, tzinfo=dt.UTC)

    assert ExchangeQuery(text="gate", until=beginning).earliest == FIRST_MOMENT
