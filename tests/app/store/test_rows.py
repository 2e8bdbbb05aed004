import json
from typing import Any

from hypothesis import given

from app.exchange import Exchange
from app.store.rows import content_row, exchange_row, read_exchange, verdict_rows
from app.store.tables import exchange as exchange_table
from app.store.tables import exchange_content
from app.store.tables import verdict as verdict_table
from tests.exchanges import EXCHANGES, make_exchange


def stored(row: dict[str, Any]) -> dict[str, Any]:
    """Read the JSON of a row as Postgres' driver would."""
    jsons = {
        column.name
        for table in (exchange_table, exchange_content, verdict_table)
        for column in table.c
        if str(column.type) == "JSON"
    }
    return {name: json.loads(v) if name in jsons else v for name, v in row.items()}


@given(EXCHANGES)
def test_an_exchange_is_the_same_after_a_time_as_rows(exchange: Exchange) -> None:
    rows = [stored(row) for row in verdict_rows(exchange)]
    back = read_exchange(stored(exchange_row(exchange)), stored(content_row(exchange)), rows)

    assert back == exchange
    assert repr(back.metadata) == repr(exchange.metadata)  # 1 is not 1.0, nor -0.0


@given(EXCHANGES)
def test_without_its_content_no_text_is_left(exchange: Exchange) -> None:
    rows = [stored(row) for row in verdict_rows(exchange)]
    back = read_exchange(stored(exchange_row(exchange)), None, rows)

    assert back.prompt == back.completion == back.generated == ""
    assert (back.metadata, back.passages, back.citations) == ({}, (), ())
    assert [v.score for v in back.verdicts] == [v.score for v in exchange.verdicts]
    assert not any(v.ranges or v.evidence for v in back.verdicts)


def test_a_text_is_stored_once() -> None:
    exchange = make_exchange("a prompt to be found once", generated="A gate and a pipe.")
    rows = [exchange_row(exchange), content_row(exchange), *verdict_rows(exchange)]
    written = repr(rows)

    assert written.count("a prompt to be found once") == 1
    assert written.count("A gate and a pipe.") == 1


def test_every_column_is_written() -> None:
    exchange = make_exchange()
    for table, row in (
        (exchange_table, exchange_row(exchange)),
        (exchange_content, content_row(exchange)),
        (verdict_table, verdict_rows(exchange)[0]),
    ):
        assert set(row) == set(table.c.keys())
