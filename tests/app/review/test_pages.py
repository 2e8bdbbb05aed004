"""The review pages over HTTP: who gets in, what comes back, and what it may do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from app.review.sessions import COOKIE
from tests.app.review.conftest import Pages
from tests.postgres import run_sql


@pytest.fixture
async def client(pages: Pages) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=pages.url, timeout=20) as opened:
        yield opened


async def sign_in(client: httpx.AsyncClient, key: str, next: str = "/review") -> httpx.Response:
    return await client.post("/review/sign-in", data={"key": key, "next": next})


async def test_nobody_gets_in_without_a_session(client: httpx.AsyncClient) -> None:
    response = await client.get("/review?text=a b&outcome=blocked")

    assert response.status_code == 303
    back = parse_qs(urlsplit(response.headers["location"]).query)["next"]
    assert back == ["/review?text=a%20b&outcome=blocked"]


async def test_the_bare_address_leads_to_the_pages(client: httpx.AsyncClient) -> None:
    response = await client.get("/")

    assert (response.status_code, response.headers["location"]) == (303, "/review")


async def test_a_part_of_a_page_asks_for_the_whole_sign_in(client: httpx.AsyncClient) -> None:
    response = await client.get(
        "/review?text=a b&outcome=blocked", headers={"hx-request": "true", "hx-target": "results"}
    )

    assert (response.status_code, response.text) == (401, "")
    path, _, query = response.headers["hx-redirect"].partition("?")
    assert path == "/review/sign-in"
    assert parse_qs(query)["next"] == ["/review?text=a%20b&outcome=blocked"]


async def test_a_review_key_signs_in_with_a_cookie_scripts_cannot_read(
    client: httpx.AsyncClient, pages: Pages
) -> None:
    response = await sign_in(client, pages.review_key)

    assert (response.status_code, response.headers["location"]) == (303, "/review")
    cookie = response.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/review"} <= set(cookie.split("; "))
    assert pages.review_key not in cookie
    assert (await client.get("/review")).status_code == 200


async def test_other_keys_do_not(client: httpx.AsyncClient, pages: Pages) -> None:
    refused = await sign_in(client, pages.infer_key)
    unknown = await sign_in(client, "psk_nothing")

    assert (refused.status_code, unknown.status_code) == (403, 401)
    assert COOKIE not in client.cookies


async def test_another_site_cannot_sign_anybody_in(client: httpx.AsyncClient, pages: Pages) -> None:
    response = await client.post(
        "/review/sign-in",
        data={"key": pages.review_key},
        headers={"sec-fetch-site": "cross-site"},
    )

    assert response.status_code == 401


async def test_a_key_that_is_far_too_long_is_told_on_the_page(client: httpx.AsyncClient) -> None:
    response = await sign_in(client, "k" * 5_000)

    assert response.status_code == 401
    assert "That key is not valid." in response.text


async def test_an_address_that_is_far_too_long_is_forgotten(client: httpx.AsyncClient) -> None:
    response = await client.get("/review/sign-in", params={"next": "/review?text=" + "a" * 4_000})

    assert response.status_code == 200
    assert 'name="next" value="/review"' in response.text


async def test_a_slash_too_many_leads_to_the_list(client: httpx.AsyncClient) -> None:
    response = await client.get("/review/?outcome=blocked")

    assert (response.status_code, response.headers["location"]) == (303, "/review?outcome=blocked")


@pytest.mark.parametrize(
    "target",
    [
        *("https://evil.example", "//evil.example", "/reviewx", ""),
        "/review?text=" + "a" * 4_000,
    ],
)
async def test_signing_in_leads_to_our_own_pages_only(
    client: httpx.AsyncClient, pages: Pages, target: str
) -> None:
    response = await sign_in(client, pages.review_key, next=target)

    assert response.headers["location"] == "/review"


async def test_a_forged_cookie_is_nothing(client: httpx.AsyncClient) -> None:
    client.cookies.set(COOKIE, "abc.def.ghi", path="/review")

    assert (await client.get("/review")).status_code == 303


async def test_a_revoked_key_ends_its_session(client: httpx.AsyncClient, pages: Pages) -> None:
    await sign_in(client, pages.review_key)
    for key in await pages.keys.list():
        await pages.keys.revoke(key.prefix)
    await pages.ring.refresh()

    assert (await client.get("/review")).status_code == 303


async def test_signing_out_ends_the_session(client: httpx.AsyncClient, pages: Pages) -> None:
    await sign_in(client, pages.review_key)
    await client.post("/review/sign-out")

    assert (await client.get("/review")).status_code == 303


async def test_pages_may_run_and_load_nothing_but_our_files(
    client: httpx.AsyncClient, pages: Pages
) -> None:
    await sign_in(client, pages.review_key)

    response = await client.get("/review")

    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["cache-control"] == "no-store"
    assert "<script>document" not in response.text


async def test_a_part_holds_the_rows_only(client: httpx.AsyncClient, pages: Pages) -> None:
    await sign_in(client, pages.review_key)

    part = await client.get("/review?outcome=blocked", headers={"hx-target": "results"})

    assert "<html" not in part.text
    assert part.text.count("data-row") == 1


async def test_a_log_that_cannot_be_read_is_told_in_place_of_the_rows(
    client: httpx.AsyncClient, pages: Pages, database_url: str
) -> None:
    await sign_in(client, pages.review_key)
    await run_sql(database_url, "ALTER TABLE exchange RENAME TO gone")

    part = await client.get("/review?outcome=blocked", headers={"hx-target": "results"})
    whole = await client.get("/review?outcome=blocked")

    assert (part.status_code, whole.status_code) == (503, 503)
    assert part.text.startswith('<p class="problem" role="alert">The log cannot be read right now')
    assert "<h1>The log cannot be read right now</h1>" in whole.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/review?outcome=odd", 200),
        ("/review?before=odd", 200),
        ("/review?period=odd", 200),
        (f"/review/exchanges/{UUID(int=1)}", 404),
        ("/review/exchanges/odd", 404),
        ("/review/static/pages.py", 404),
        ("/review/static/..%2fpages.py", 404),
    ],
)
async def test_damaged_addresses_are_answered_in_words(
    client: httpx.AsyncClient, pages: Pages, path: str, status: int
) -> None:
    await sign_in(client, pages.review_key)

    response = await client.get(path)

    assert response.status_code == status
    assert "odd" not in response.text.replace('value="odd"', "")


async def test_pages_of_the_list_lead_to_each_other(
    client: httpx.AsyncClient, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.review.pages.PAGE_ROWS", 3)
    await sign_in(client, pages.review_key)

    first = await client.get("/review")
    older = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = await client.get(older)
    newer = second.text.split('rel="prev" href="')[1].split('"')[0].replace("&amp;", "&")
    third = await client.get(newer)

    assert [page.text.count("data-row") for page in (first, second, third)] == [3, 1, 3]
    assert 'rel="prev"' not in first.text
    assert 'rel="next"' not in second.text
