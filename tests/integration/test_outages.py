"""A server whose Postgres comes late, or goes away for a while."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.startup.records import open_exchange_store
from app.store.embedded import EmbeddedPostgres
from app.store.exchanges import ExchangeStore
from tests.http import PATIENCE_S
from tests.integration.serving import QUESTION, Serving, serving

pytestmark = [pytest.mark.slow, pytest.mark.fault]


async def health(client: httpx.AsyncClient, wanted: str) -> httpx.Response:
    """Wait until the server says that it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while (reply := await client.get("/readyz")).json()["status"] != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return reply


def anonymous(server: Serving) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.address, timeout=PATIENCE_S)


async def test_without_postgres_it_starts_and_waits(place: Path, home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    url = postgres.start()
    postgres.stop()
    async with serving(place, home / "var", database_url=url) as server:
        async with anonymous(server) as client:
            early = await health(client, "not_ready")
            refused = await client.post("/infer", headers={"x-api-key": "psk_x"}, json={})
            alive = await client.get("/livez")
            await asyncio.to_thread(postgres.start)
            await health(client, "ready")
        async with server.client() as client:
            answer: dict[str, Any] = {}
            async with asyncio.timeout(PATIENCE_S):
                while not answer.get("citations"):
                    answer = (await client.post("/infer", json={"prompt": QUESTION})).json()
    await asyncio.to_thread(postgres.stop)

    assert early.status_code == 503
    assert early.json()["checks"]["keys"] == "not_ready"
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    assert alive.status_code == 200
    assert answer["completion"] == "Gates hold water."


async def test_while_postgres_is_away_questions_are_answered_and_kept(
    place: Path, home: Path
) -> None:
    postgres = EmbeddedPostgres(home)
    url = await asyncio.to_thread(postgres.start)
    async with (
        serving(place, home / "var", database_url=url) as server,
        server.client() as client,
    ):
        await asyncio.to_thread(postgres.stop)
        degraded = await health(client, "degraded")
        replies = [await client.post("/infer", json={"prompt": QUESTION}) for _ in range(5)]
        log = await client.get("/exchanges")
        await asyncio.to_thread(postgres.start)
        await health(client, "ready")
    async with open_exchange_store(url) as store:
        stored = [await _get(store, reply) for reply in replies]
    await asyncio.to_thread(postgres.stop)

    assert degraded.status_code == 200
    assert degraded.json()["checks"]["database"] == "degraded"
    assert [reply.status_code for reply in replies] == [200] * 5
    assert (log.status_code, log.json()["error"]["code"]) == (503, "unavailable")
    assert all(stored)


async def _get(store: ExchangeStore, reply: httpx.Response) -> object:
    return await store.get(UUID(reply.json()["id"]))
