"""The promise over HTTP: every id that a client ever received is in the log, once."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from app.store.embedded import EmbeddedPostgres
from tests.faults.killable import Program, postmaster
from tests.faults.servers import Place, address, ask_on
from tests.faults.stored import Stored
from tests.recording import eventually

SERVERS = 2
ROUNDS = 10
POSTGRES_DIES_IN = range(2, 9)
CLIENTS = 6
"""Of each server."""

pytestmark = [pytest.mark.fault, pytest.mark.slow]


@pytest.fixture
def place(tmp_path: Path, home: Path) -> Generator[Place]:
    yield Place.prepare(tmp_path, home)
    postgres = EmbeddedPostgres(home)  # joins what killed servers left running, and stops it
    postgres.start()
    postgres.stop()


async def play_round(place: Place, chance: random.Random, *, postgres_dies: bool) -> set[str]:
    """Let clients ask two servers, kill Postgres perhaps, then both; return the answered ids."""
    answered: set[str] = set()
    async with asyncio.TaskGroup() as group:
        with ExitStack() as living:
            servers = [living.enter_context(place.start()) for _ in range(SERVERS)]
            for server in servers:
                url = await asyncio.to_thread(address, server)
                group.create_task(ask_at(url, place.key, answered))
            await answered_more(answered, chance.randint(5, 120))
            if postgres_dies:
                postmaster(place.home).kill()
                await answered_more(answered, chance.randint(5, 60))
    return answered


async def answered_more(answered: set[str], count: int) -> None:
    enough = len(answered) + count
    await eventually(lambda: len(answered) >= enough)


async def ask_at(url: str, key: str, answered: set[str]) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=30.0) as client,
        asyncio.TaskGroup() as group,
    ):
        for number in range(CLIENTS):
            group.create_task(ask_on(client, number, answered))


async def read_log(server: Program, key: str) -> list[str]:
    """Wait until everything is in Postgres, and page through the whole log over HTTP."""
    headers = {"Authorization": f"Bearer {key}"}
    url = await asyncio.to_thread(address, server)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30.0) as client:
        metrics = ""
        while "penstock_log_pending_bytes 0.0\n" not in metrics:
            metrics = (await client.get("/metrics")).text
            await asyncio.sleep(0.05)
        ids: list[str] = []
        page: dict[str, str] = {}
        while True:
            found = (await client.get("/exchanges", params=page)).json()
            if not found["items"]:
                return ids
            ids += [item["id"] for item in found["items"]]
            page = {"before": ids[-1]}


async def play(place: Place, chance: random.Random) -> tuple[set[str], list[str], Stored]:
    """Play all rounds; return the answered ids, the log as HTTP gives it, and the tables."""
    answered: set[str] = set()
    for n in range(ROUNDS):
        answered |= await play_round(place, chance, postgres_dies=n in POSTGRES_DIES_IN)
    postgres = EmbeddedPostgres(place.home)
    with place.start() as last:
        log = await read_log(last, place.key)
        stored = await Stored.read(await asyncio.to_thread(postgres.start))
        await asyncio.to_thread(postgres.stop)
        assert await asyncio.to_thread(last.terminate) == 0
    return answered, log, stored


def test_every_id_that_a_client_received_is_in_the_log_once(place: Place) -> None:
    chance = random.Random(20261123)  # noqa: S311 - the same kills in every run

    answered, log, stored = asyncio.run(play(place, chance))

    stored.check(answered, unanswered=ROUNDS * SERVERS * CLIENTS)
    assert len(log) == len(set(log))
    assert set(log) == set(stored.exchanges)
    assert len(answered) > ROUNDS * SERVERS
    assert os.listdir(place.home / "segments") == []
