from __future__ import annotations

import pytest

from app.errors import Unavailable
from app.startup.records import open_exchange_store
from tests.exchanges import make_exchange


async def test_the_recorder_gets_a_store_of_its_own(database_url: str) -> None:
    exchange = make_exchange()
    async with open_exchange_store(database_url) as store:
        assert await store.insert([exchange]) == 1
    async with open_exchange_store(database_url) as store:
        assert await store.get(exchange.id) is not None


async def test_without_a_database_it_fails_when_it_is_used() -> None:
    async with open_exchange_store("postgresql://nobody@/none?host=/nowhere") as store:
        with pytest.raises(Unavailable):
            await store.insert([make_exchange()])
