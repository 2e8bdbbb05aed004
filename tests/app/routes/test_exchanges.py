from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.exchange import Exchange, Outcome
from app.routes.records import ExchangePage, ExchangeRecord
from app.store.keys import Scope
from tests.app.routes.serving import Desk
from tests.exchanges import make_exchange


@pytest.fixture
async def log(desk: Desk) -> list[Exchange]:
    """Seven exchanges, oldest first."""
    made = [make_exchange() for _ in range(7)]
    for number, exchange in enumerate(made):
        exchange.user = f"user-{number % 2}"
        exchange.outcome = Outcome.BLOCKED if number % 3 == 0 else Outcome.COMPLETED
    await desk.exchanges.insert(made)
    return made


async def page(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    reply = await client.get(address)
    assert reply.status_code == 200, reply.text
    ExchangePage.model_validate_json(reply.content)
    found: dict[str, Any] = reply.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [item["id"] for item in found["items"]]


async def test_pages_lead_down_and_up_again(desk: Desk, log: list[Exchange]) -> None:
    newest_first = [str(exchange.id) for exchange in reversed(log)]
    async with desk.client(Scope.REVIEW) as client:
        first = await page(client, "/exchanges?limit=3")
        second = await page(client, f"/exchanges?limit=3&before={first['next']}")
        third = await page(client, f"/exchanges?limit=3&before={second['next']}")
        second_again = await page(client, f"/exchanges?limit=3&after={third['previous']}")
        first_again = await page(client, f"/exchanges?limit=3&after={second['previous']}")

    assert [ids(first), ids(second), ids(third)] == [
        newest_first[:3],
        newest_first[3:6],
        newest_first[6:],
    ]
    assert (first["previous"], third["next"]) == (None, None)
    assert ids(second_again) == ids(second)
    assert ids(first_again) == ids(first)
    assert first_again["previous"] is None


async def test_a_page_that_fits_has_no_neighbours(desk: Desk, log: list[Exchange]) -> None:
    async with desk.client(Scope.REVIEW) as client:
        found = await page(client, "/exchanges?limit=7")

    assert (len(found["items"]), found["next"], found["previous"]) == (7, None, None)


async def test_pages_hold_what_was_asked(desk: Desk, log: list[Exchange]) -> None:
    query = {"user": "user-0", "since": log[0].created_at.isoformat(), "limit": "2"}
    async with desk.client(Scope.REVIEW) as client:
        first = await page(client, str(httpx.URL("/exchanges", params=query)))
        query["before"] = first["next"]
        second = await page(client, str(httpx.URL("/exchanges", params=query)))

    expected = [str(e.id) for e in reversed(log) if e.user == "user-0"]
    assert ids(first) + ids(second) == expected
    assert second["next"] is None


@pytest.mark.parametrize("since", ["2026-01-01T00:00:00Z", "2026-01-01 00:00:00.5-05:00"])
@pytest.mark.parametrize("action", ["flag", "rewrite", "block", "error"])
async def test_what_a_filter_did_and_when_can_be_asked(
    desk: Desk, log: list[Exchange], since: str, action: str
) -> None:
    query = httpx.QueryParams({"since": since, "action": action})
    async with desk.client(Scope.REVIEW) as client:
        await page(client, f"/exchanges?{query}")


async def test_exchanges_are_found_by_outcome(desk: Desk, log: list[Exchange]) -> None:
    async with desk.client(Scope.REVIEW) as client:
        found = await page(client, "/exchanges?outcome=blocked")

    assert ids(found) == [str(e.id) for e in reversed(log) if e.outcome is Outcome.BLOCKED]


@pytest.mark.parametrize(
    "query",
    [
        "outcome=good",
        "limit=0",
        "limit=1000",
        "limit=many",
        "before=1",
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        "since=2026-01-01",
        "since=1700000000",
        "until=1e400",
        "action=allow",
        "outcome=blocked&outcome=failed",
        "limit=1&limit=1",
        "made-up=1",
        "order=prompt;drop",
        "text=",
        "user=" + "x" * 300,
        "before=019ab1c2-7d3e-7f10-8a4b-5c6d7e8f9012&after=019ab1c2-7d3e-7f10-8a4b-5c6d7e8f9012",
    ],
)
async def test_what_cannot_be_asked_is_refused(desk: Desk, query: str) -> None:
    async with desk.client(Scope.REVIEW) as client:
        reply = await client.get(f"/exchanges?{query}")

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")
    assert "made-up" not in reply.text


@pytest.mark.parametrize("name", ["text", "user", "session", "model", "instance"])
async def test_odd_values_find_nothing_and_break_nothing(
    desk: Desk, log: list[Exchange], name: str
) -> None:
    values = ["'", "';--", "\0", "\N{GRINNING FACE}", '"', "\\", "a&b=c", "%", "__"]
    queries = [str(httpx.QueryParams({name: value})) for value in values]
    async with desk.client(Scope.REVIEW) as client:
        for query in [*queries, f"{name}=%ED%A0%80", f"{name}=%FF"]:
            assert (await page(client, f"/exchanges?{query}"))["items"] == [], query


async def test_one_exchange_is_shown_whole(desk: Desk, log: list[Exchange]) -> None:
    async with desk.client(Scope.REVIEW) as client:
        reply = await client.get(f"/exchanges/{log[3].id}")
    record = reply.json()

    ExchangeRecord.model_validate_json(reply.content)
    assert (record["id"], record["user"]) == (str(log[3].id), log[3].user)
    assert [m["content"] for m in record["messages"]] == [m.content for m in log[3].messages]
    assert record["generated"] == log[3].generated
    assert len(record["verdicts"]) == len(log[3].verdicts)
    assert len(record["passages"]) == len(log[3].passages)


async def test_any_text_comes_back_as_it_was(desk: Desk) -> None:
    exchange = make_exchange()
    exchange.generated = exchange.completion = "NUL \0 lone \ud800 \u2028"
    exchange.metadata = {"\ud800": "\0"}
    await desk.exchanges.insert([exchange])
    async with desk.client(Scope.REVIEW) as client:
        record = (await client.get(f"/exchanges/{exchange.id}")).json()

    assert record["completion"] == exchange.completion
    assert record["metadata"] == exchange.metadata


@pytest.mark.parametrize(
    ("path", "status"),
    [("019ab1c2-7d3e-7f10-8a4b-5c6d7e8f9012", 404), ("1", 400), ("..%2F..", 404), ("%00", 400)],
)
async def test_what_is_not_there_is_not_found(desk: Desk, path: str, status: int) -> None:
    async with desk.client(Scope.REVIEW) as client:
        reply = await client.get(f"/exchanges/{path}")

    assert reply.status_code == status
    assert reply.json()["error"]["message"]
