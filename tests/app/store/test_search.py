"""Pages of the log, compared with what a list in memory says."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from uuid import UUID

import pytest

from app.exchange import Action, Exchange, Message, Mode, Outcome, Verdict
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from app.store.months import first_id
from app.store.query import TEXT_WINDOW, ExchangeQuery
from app.store.search import BEGINNING_CHARS
from filters import Stage
from tests.exchanges import make_exchange

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAYS = 80
INSTANCES = ("blocklist", "toxicity", "grounding")
WORDS = ("penstock", "turbine", "gate", "Wasser", "Ärger", "水")


def an_exchange(number: int, random_: random.Random) -> Exchange:
    made_at = NOW - dt.timedelta(days=DAYS * random_.random())
    beyond = random_.getrandbits(62) | (0b10 << 62) | (7 << 76)
    return make_exchange(
        " ".join(random_.choices(WORDS, k=2)) + f" number{number}",
        id=UUID(int=first_id(made_at).int | beyond),
        created_at=made_at,
        outcome=random_.choice(list(Outcome)),
        model=random_.choice(["answer", "other"]),
        user=random_.choice([None, "ann", "x" * 5000, "b\0b"]),
        session=random_.choice([None, "s1", "s2"]),
        completion=random_.choice(WORDS),
        generated=random_.choice(WORDS),
        verdicts=[a_verdict(instance, random_) for instance in INSTANCES],
    )


def a_verdict(instance: str, random_: random.Random) -> Verdict:
    action = random_.choices(list(Action), [8, 2, 1, 1, 0.3])[0]
    return Verdict(
        *(instance, "keyword", "1", Stage.INPUT, action, Mode.ENFORCE), 0.5, 0.5, "label"
    )


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    """What is in the log, newest first."""
    random_ = random.Random(7)  # noqa: S311 (examples)
    made = [an_exchange(number, random_) for number in range(150)]
    return sorted(made, key=lambda exchange: exchange.id, reverse=True)


@pytest.fixture
async def store(database: Database, exchanges: list[Exchange]) -> ExchangeStore:
    filled = ExchangeStore(database)
    await filled.insert(exchanges)
    return filled


def acted(exchange: Exchange, instance: str | None, action: Action | None) -> bool:
    return any(
        (instance is None or verdict.id == instance)
        and (verdict.action is action if action else verdict.action is not Action.ALLOW)
        for verdict in exchange.verdicts
    )


def says(exchange: Exchange, *words: str) -> bool:
    if exchange.created_at < NOW - TEXT_WINDOW:
        return False
    texts = f"{exchange.prompt} {exchange.completion} {exchange.generated}".lower().split()
    return all(word.lower() in texts for word in words)


SINCE, UNTIL = NOW - dt.timedelta(days=60), NOW - dt.timedelta(days=20)
CASES: list[tuple[ExchangeQuery, Callable[[Exchange], bool]]] = [
    (ExchangeQuery(), lambda e: True),
    *((ExchangeQuery(outcome=o), lambda e, o=o: e.outcome is o) for o in Outcome),
    *((ExchangeQuery(action=a), lambda e, a=a: acted(e, None, a)) for a in Action),
    (ExchangeQuery(instance="toxicity"), lambda e: acted(e, "toxicity", None)),
    (ExchangeQuery(instance="nothing"), lambda e: False),
    *(
        (ExchangeQuery(instance="toxicity", action=a), lambda e, a=a: acted(e, "toxicity", a))
        for a in Action
    ),
    (ExchangeQuery(model="other"), lambda e: e.model == "other"),
    (ExchangeQuery(user="ann"), lambda e: e.user == "ann"),
    (ExchangeQuery(user="x" * 5000), lambda e: e.user == "x" * 5000),
    (ExchangeQuery(user="x" * 4999), lambda e: False),
    (ExchangeQuery(user="b\0b"), lambda e: e.user == "b\0b"),
    (ExchangeQuery(session="s1"), lambda e: e.session == "s1"),
    (ExchangeQuery(since=SINCE), lambda e: e.created_at >= SINCE),
    (ExchangeQuery(until=UNTIL), lambda e: e.created_at < UNTIL),
    (ExchangeQuery(since=SINCE, until=UNTIL), lambda e: SINCE <= e.created_at < UNTIL),
    (ExchangeQuery(since=UNTIL, until=SINCE), lambda e: False),
    (ExchangeQuery(text="TURBINE"), lambda e: says(e, "turbine")),
    (ExchangeQuery(text="turbine gate"), lambda e: says(e, "turbine", "gate")),
    (ExchangeQuery(text="ärger"), lambda e: says(e, "ärger")),
    (ExchangeQuery(text="水"), lambda e: says(e, "水")),
    (ExchangeQuery(text="nosuchword"), lambda e: False),
    (
        ExchangeQuery(text="turbine -gate"),
        lambda e: says(e, "turbine") and not says(e, "gate"),
    ),
    (
        ExchangeQuery(text="turbine or gate"),
        lambda e: says(e, "turbine") or says(e, "gate"),
    ),
    (
        ExchangeQuery(text="gate", since=SINCE, until=UNTIL),
        lambda e: (
            SINCE <= e.created_at < UNTIL and "gate" in f"{e.prompt} {e.completion} {e.generated}"
        ),
    ),
    (
        ExchangeQuery(text="gate", outcome=Outcome.FAILED, instance="grounding"),
        lambda e: says(e, "gate") and e.outcome is Outcome.FAILED and acted(e, "grounding", None),
    ),
    (
        ExchangeQuery(action=Action.FLAG, model="answer", user="ann"),
        lambda e: acted(e, None, Action.FLAG) and e.model == "answer" and e.user == "ann",
    ),
]


async def test_each_question_finds_what_it_asks_for_in_pages_of_any_size(
    store: ExchangeStore, exchanges: list[Exchange]
) -> None:
    for query, fits in CASES:
        expected = [exchange.id for exchange in exchanges if fits(exchange)]
        for limit in (7, 200):
            assert await down(store, query, limit) == expected, query
            assert await up(store, query, limit) == expected, query


async def down(store: ExchangeStore, query: ExchangeQuery, limit: int) -> list[UUID]:
    found: list[UUID] = []
    while page := await store.page(query, limit, before=found[-1] if found else None):
        assert len(page) <= limit
        found += [summary.id for summary in page]
    return found


async def up(store: ExchangeStore, query: ExchangeQuery, limit: int) -> list[UUID]:
    found: list[UUID] = []
    lowest = UUID(int=0)
    while page := await store.page(query, limit, after=found[0] if found else lowest):
        found = [summary.id for summary in page] + found
    return found


@pytest.mark.parametrize(
    "words", ["", "   ", "'", '"', "& | ! <->", "\0", "\ud800", ":*", "-", "((("]
)
async def test_no_text_is_a_wrong_question(store: ExchangeStore, words: str) -> None:
    await store.page(ExchangeQuery(text=words), 5)


async def test_a_summary_shows_the_beginnings_and_what_filters_did(database: Database) -> None:
    store = ExchangeStore(database)
    exchange = make_exchange(
        messages=(Message("system", "Be\0 brief."), Message("user", "x" * 1000)),
        user="ann",
        session="s",
        verdicts=[
            Verdict("a", "keyword", "1", Stage.INPUT, Action.ALLOW, Mode.ENFORCE, 0, 0.5, ""),
            Verdict("b", "toxicity", "1", Stage.OUTPUT, Action.FLAG, Mode.SHADOW, 0.7, 0.5, "rude"),
        ],
    )
    await store.insert([exchange])
    [summary] = await store.page(ExchangeQuery(), 5)

    assert summary.prompt == ("Be\ufffd brief.\n\n" + "x" * 1000)[:BEGINNING_CHARS]
    assert summary.completion == exchange.completion
    assert (summary.user, summary.session, summary.total_ms) == ("ann", "s", 12.5)
    [shown] = summary.verdicts
    assert (shown.id, shown.stage, shown.action) == ("b", Stage.OUTPUT, Action.FLAG)
    assert (shown.mode, shown.label, shown.score) == (Mode.SHADOW, "rude", 0.7)
