"""Trying a text over HTTP: who may, what is refused, and that nothing is kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.app.review.conftest import SCRIPT, Pages

URL = "/review/try"


@pytest.fixture
async def client(pages: Pages) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=pages.url, timeout=20) as opened:
        await opened.post("/review/sign-in", data={"key": pages.review_key})
        yield opened


async def test_nobody_tries_anything_without_a_session(pages: Pages) -> None:
    async with httpx.AsyncClient(base_url=pages.url, timeout=20) as stranger:
        form = await stranger.get(URL)
        sent = await stranger.post(URL, data={"text": "x" * 20_000})

    assert [form.status_code, sent.status_code] == [303, 303]
    assert sent.headers["location"].startswith("/review/sign-in")


async def test_without_scripts_the_whole_page_comes_back_with_what_was_typed(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.post(URL, data={"text": "Ann, you idiot", "stage": "input"})).text

    assert "<textarea" in page
    assert ">Ann, you idiot</textarea>" in page
    assert "[names], you idiot" in page


async def test_a_part_is_sent_to_a_page_that_asks_for_one(client: httpx.AsyncClient) -> None:
    headers = {"hx-request": "true", "hx-target": "results"}
    part = await client.post(URL, data={"text": "Ann"}, headers=headers)

    assert "<html" not in part.text
    assert "rewritten" in part.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": " \n"}, "Write a text"),
        ({"text": "a", "stage": SCRIPT}, "none of the stages"),
        ({"text": "a" * 32_001}, "A text may have 32,000 characters"),
        ({"text": "a", "passages": "b" * 32_001}, "32 passages with 32,000 characters"),
        ({"text": "a", "passages": "b\n---\n" * 33}, "32 passages with 32,000 characters"),
    ],
)
async def test_what_cannot_be_tried_is_told(
    client: httpx.AsyncClient, fields: dict[str, str], said: str
) -> None:
    answer = await client.post(URL, data=fields)

    assert answer.status_code == 400
    assert said in answer.text
    assert "<script>document" not in answer.text


async def test_a_text_as_long_as_a_prompt_may_be_is_tried(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, data={"text": "so " * 10_600 + "bomb"})

    assert answer.status_code == 200
    assert "by <code>blocklist</code>" in answer.text


async def test_every_filter_is_asked_though_the_chain_stops_early(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.post(URL, data={"text": "You idiot, Ann has a bomb"})).text

    assert "blocked" in page
    assert page.count('<mark class="block"') == 1
    for id in ("blocklist", "rude", "names"):
        assert f'<th scope="row">{id}</th>' in page
        assert f"{id} 1.000" in page
    assert page.count("not asked") == 1
    assert "rude 1.000, the chain did not ask it" in page


async def test_findings_in_passages_stand_in_their_passage(client: httpx.AsyncClient) -> None:
    fields = {"text": "Who is it?", "passages": "It is not me.\n---\nThat idiot again.\n"}
    page = (await client.post(URL, data=fields)).text

    assert "<h3>Passage 2</h3>" in page
    assert 'title="rude: rude 1.000">idiot</mark> again.' in page
    assert "passage 2, 5 to 10" in page


async def test_the_output_is_judged_by_its_own_filters(client: httpx.AsyncClient) -> None:
    fields = {"stage": "output", "text": "It is guaranteed, idiot.", "question": "Is it?"}
    page = (await client.post(URL, data=fields)).text

    assert ">guaranteed</mark>" in page
    assert "Flagged by <code>promises</code>." in page
    assert "rude" not in page.split("<section")[1]


async def test_text_is_never_markup(client: httpx.AsyncClient) -> None:
    page = (await client.post(URL, data={"text": SCRIPT, "passages": SCRIPT})).text

    assert "<script>document" not in page
    assert "<img src=x" not in page


async def test_nothing_is_kept(client: httpx.AsyncClient, pages: Pages) -> None:
    await client.post(URL, data={"text": "bomb"})

    assert pages.records.exchanges == []
