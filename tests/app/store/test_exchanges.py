from uuid import uuid4

from app.exchange import Action, Exchange, Message, Mode, Verdict
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from filters import Range, Stage


async def test_an_exchange_comes_back_as_it_was(database: Database) -> None:
    store = ExchangeStore(database)
    exchange = Exchange(
        messages=(Message("system", "\0 a\ud800b"), Message("user", "Hi")),
        model="m",
        metadata={"a": ["\0", {"\udfff": float("inf")}]},
    )
    exchange.verdicts.append(
        Verdict(
            "i",
            "f",
            "1",
            Stage.INPUT,
            Action.FLAG,
            Mode.SHADOW,
            0.25,
            0.5,
            "x",
            ranges=(Range(0, 3, "l"),),
        )
    )
    assert await store.insert([exchange, exchange]) == 1
    assert await store.insert([exchange]) == 0
    assert await store.get(exchange.id) == exchange
    assert await store.get(uuid4()) is None
