"""How fast the log is written and read: `python -m tests.benchmarks.log --rows 100000`."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator
from itertools import accumulate
from typing import Any
from uuid import UUID

from app.exchange import Action, Exchange, Mode, Outcome, Verdict
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from app.store.migrate import upgrade
from app.store.months import first_id
from app.store.query import ExchangeQuery
from filters import Stage
from tests.exchanges import make_exchange
from tests.postgres import run_sql, throwaway_server

BATCH = 500
REPEATS = 15
INSTANCES = ("blocklist", "toxicity", "search", "answer-toxicity", "grounding")
COMMON_WORD = "w0"
RARE_WORD = "zanzibar"

_WORDS = [f"w{number}" for number in range(20_000)]
_LIKELY = list(accumulate(1 / (number + 1) for number in range(20_000)))


def a_log(rows: int, days: int) -> Iterator[list[Exchange]]:
    """Yield batches of exchanges of about 2 kB, oldest first, spread over the past days."""
    random_ = random.Random(1)  # noqa: S311 (examples)
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    step = dt.timedelta(days=days) / rows
    for start in range(0, rows, BATCH):
        numbers = range(start, min(start + BATCH, rows))
        yield [_exchange(n, begin + n * step, random_) for n in numbers]


def _exchange(number: int, made_at: dt.datetime, random_: random.Random) -> Exchange:
    beyond = random_.getrandbits(62) | (0b10 << 62) | (7 << 76)
    completion = _say(120, random_)
    return make_exchange(
        _say(60, random_) + (f" {RARE_WORD}" if number % 7_000 == 5 else ""),
        id=UUID(int=first_id(made_at).int | beyond),
        created_at=made_at,
        completion=completion,
        generated=completion,
        user=f"u{number % 1_000}",
        session=f"s{number % 5_000}",
        outcome=Outcome.BLOCKED if number % 100 == 0 else Outcome.COMPLETED,
        verdicts=[_verdict(number, instance, random_) for instance in INSTANCES],
    )


def _verdict(number: int, instance: str, random_: random.Random) -> Verdict:
    action = Action.FLAG if random_.random() < 0.1 else Action.ALLOW
    if instance == "blocklist":
        action = Action.ERROR if number % 7_000 == 3 else Action.ALLOW
    scores = {"insult": random_.random()}
    name = (instance, "keyword", "1", Stage.INPUT, action, Mode.ENFORCE)
    return Verdict(*name, random_.random(), 0.5, "label", scores=scores, duration_ms=1.5)


def _say(words: int, random_: random.Random) -> str:
    return " ".join(random_.choices(_WORDS, cum_weights=_LIKELY, k=words))


QUESTIONS = {
    "latest": ExchangeQuery(),
    "blocked (1 %)": ExchangeQuery(outcome=Outcome.BLOCKED),
    "failed (none)": ExchangeQuery(outcome=Outcome.FAILED),
    "flagged": ExchangeQuery(action=Action.FLAG),
    "filter broke (rare)": ExchangeQuery(action=Action.ERROR),
    "by filter": ExchangeQuery(instance="grounding"),
    "by session": ExchangeQuery(session="s77"),
    "by user": ExchangeQuery(user="u77"),
    "rare word": ExchangeQuery(text=RARE_WORD),
    "two words": ExchangeQuery(text="w50 w51"),
    "most frequent word": ExchangeQuery(text=COMMON_WORD),
}


async def measure(url: str, rows: int) -> dict[str, Any]:
    """Fill a log, ask each question, and return rows a second and milliseconds."""
    database = Database(url)
    store = ExchangeStore(database)
    spent_s = 0.0
    for batch in a_log(rows, days=25):
        begin = time.perf_counter()
        await store.insert(batch)
        spent_s += time.perf_counter() - begin
    await run_sql(url, "VACUUM ANALYZE")
    result: dict[str, Any] = {"rows": rows, "insert_rows_per_s": round(rows / spent_s)}
    result["page_p50_ms"] = {
        name: round(await _page_ms(store, query), 1) for name, query in QUESTIONS.items()
    }
    await database.close()
    return result


async def _page_ms(store: ExchangeStore, query: ExchangeQuery) -> float:
    taken = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        await store.page(query, 50)
        taken.append((time.perf_counter() - begin) * 1_000)
    return statistics.median(taken)


def main() -> None:
    """Run it on a server of its own, on the disk of the temporary folder, with fsync."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    with throwaway_server(settings={}, on_disk=True) as url:
        upgrade(url)
        json.dump(asyncio.run(measure(url, arguments.rows)), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
