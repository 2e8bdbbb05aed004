import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.cli.exchanges import follow
from app.exchange import Action, Exchange, Outcome
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from app.store.query import ExchangeQuery
from tests.commands import penstock, succeed
from tests.exchanges import make_exchange


@pytest.fixture
def log(database_url: str, monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """Three exchanges, oldest first, in the database of the settings."""
    blocked = replace(make_exchange().verdicts[0], action=Action.BLOCK)
    exchanges = [
        make_exchange("What is a\npenstock?", user="ada"),
        make_exchange(
            "How to \x1b[2Jbreak in?", outcome=Outcome.BLOCKED, completion="", verdicts=[blocked]
        ),
        make_exchange("And a sluice?", session="s1"),
    ]
    asyncio.run(store(database_url, exchanges))
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", database_url)
    return exchanges


async def store(url: str, exchanges: Sequence[Exchange]) -> None:
    database = Database(url)
    await ExchangeStore(database).insert(exchanges)
    await database.close()


def listed(*options: str) -> list[str]:
    lines = succeed("exchanges", "list", "--json", *options).splitlines()
    return [json.loads(line)["id"] for line in lines]


def ids(*exchanges: Exchange) -> list[str]:
    return [str(exchange.id) for exchange in exchanges]


def test_a_model_elsewhere_has_a_name_only() -> None:
    assert make_exchange(model="answer", model_version="1").model_reference == "answer@1"
    assert make_exchange(model="(elsewhere)", model_version="").model_reference == "(elsewhere)"


def test_the_log_is_listed_newest_first(log: list[Exchange]) -> None:
    first, second, third = log

    assert listed() == ids(third, second, first)
    assert listed("--limit", "1") == ids(third)
    assert listed("--before", str(third.id)) == ids(second, first)
    assert listed("--outcome", "blocked") == ids(second)
    assert listed("--user", "ada", "--since", "1h") == ids(first)
    assert listed("--session", "s1") == ids(third)
    assert listed("--text", "sluice") == ids(third)
    assert listed("--until", "1h") == []


def test_a_line_is_told_safely(log: list[Exchange]) -> None:
    shown = succeed("exchanges", "list")

    assert "What is a penstock?" in shown
    assert "How to \\x1b[2Jbreak in?" in shown
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 3


def test_one_exchange_is_shown_whole(log: list[Exchange]) -> None:
    first, second, _ = log

    shown = succeed("exchanges", "show", str(first.id))

    for part in (first.prompt, first.completion, first.passages[0].text, "user ada"):
        assert part in shown
    assert all(verdict.id in shown for verdict in first.verdicts)
    assert "\\x1b[2J" in succeed("exchanges", "show", str(second.id))


def test_one_exchange_is_shown_as_json(log: list[Exchange]) -> None:
    shown = json.loads(succeed("exchanges", "show", str(log[0].id), "--json"))

    assert shown["id"] == str(log[0].id)
    assert shown["messages"][0]["content"] == "What is a\npenstock?"


def test_an_unknown_exchange_is_told(log: list[Exchange]) -> None:
    unknown = make_exchange().id

    result = penstock("exchanges", "show", str(unknown))

    assert (result.exit_code, result.stderr) == (1, f"There is no exchange {unknown}.\n")


@pytest.mark.parametrize(
    "options", [("--since", "soon"), ("--outcome", "nice"), ("--before", "1"), ("--limit", "0")]
)
def test_a_bad_option_is_refused(options: tuple[str, str]) -> None:
    assert penstock("exchanges", "list", *options).exit_code == 2


async def test_new_exchanges_are_followed(database: Database) -> None:
    store = ExchangeStore(database)
    old = [make_exchange() for _ in range(12)]
    new = make_exchange("New?")
    await store.insert(old)
    followed = follow(store, ExchangeQuery(), poll_s=0.001)

    seen = [(await anext(followed)).id for _ in range(10)]
    await store.insert([new])
    seen.append((await anext(followed)).id)
    await followed.aclose()

    assert seen == [exchange.id for exchange in [*old[2:], new]]


async def test_one_that_took_long_is_followed_too(database: Database) -> None:
    store = ExchangeStore(database)
    slow, fast, first = make_exchange("Slow?"), make_exchange("Fast?"), make_exchange("First?")
    await store.insert([first])
    followed = follow(store, ExchangeQuery(), poll_s=0.001)
    seen = [(await anext(followed)).id]
    for exchange in (fast, slow):
        await store.insert([exchange])
        seen.append((await anext(followed)).id)
    await followed.aclose()

    assert slow.id < fast.id
    assert seen == [first.id, fast.id, slow.id]


def test_what_filters_did_can_be_asked_for(log: list[Exchange]) -> None:
    _, second, _ = log

    assert listed("--action", "block") == ids(second)
    assert listed("--action", "flag") == []
    assert listed("--instance", "tox") == ids(second)
    assert "[tox block]" in succeed("exchanges", "list")
