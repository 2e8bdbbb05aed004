"""A reviewer at work in a real browser: signs in, searches, reads; hostile text stays text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import Page, Route, expect

from tests.app.review.conftest import SCRIPT, Pages
from tests.browser import chromium
from tests.postgres import run_sql

pytestmark = pytest.mark.browser


@pytest.fixture
async def page(signed_in: Page) -> AsyncGenerator[Page]:
    """A browser's page, signed in, that fails the test on any error on the console."""
    problems: list[str] = []
    signed_in.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    signed_in.on("pageerror", lambda error: problems.append(str(error)))
    await signed_in.reload()
    await signed_in.wait_for_selector("[data-row]")
    yield signed_in
    assert problems == []


@pytest.fixture
async def signed_in(pages: Pages) -> AsyncGenerator[Page]:
    """A browser's page, signed in."""
    async with chromium() as browser:
        opened = await browser.new_page()
        opened.set_default_timeout(10_000)
        await opened.goto(f"{pages.url}/review")
        await opened.fill("#key", pages.review_key)
        await opened.click("text=Sign in >> nth=-1")
        await opened.wait_for_selector("[data-row]")
        yield opened


async def texts(page: Page, selector: str) -> list[str]:
    return await page.locator(selector).all_inner_texts()


async def test_the_list_is_searched_without_leaving_it_and_the_state_is_in_the_url(
    page: Page,
) -> None:
    assert await page.locator("[data-row]").count() == 4

    await page.select_option("select[name=outcome]", "blocked")
    await expect(page.locator("[data-row]")).to_have_count(1)
    assert "outcome=blocked" in page.url
    await page.reload()
    assert await texts(page, "[data-row] .badge") == ["blocked"]
    assert await page.input_value("select[name=outcome]") == "blocked"

    await page.select_option("select[name=outcome]", "")
    await expect(page.locator("[data-row]")).to_have_count(4)
    await page.fill("#text", "filter")
    await expect(page).to_have_url(re.compile("text=filter"))
    assert await page.locator("[data-row]").count() == 1
    await page.go_back()
    await page.wait_for_selector("[data-row]")


async def test_what_no_field_shows_is_kept_until_it_is_taken_away(page: Page) -> None:
    asked = urlencode({"user": SCRIPT, "model": "answer"})
    await page.goto(f"{page.url}?{asked}")
    assert await page.locator("[data-row]").count() == 1

    await page.select_option("select[name=outcome]", "completed")
    await expect(page).to_have_url(re.compile("outcome=completed"))
    assert parse_qs(urlsplit(page.url).query) == {
        "user": [SCRIPT],
        "model": ["answer"],
        "outcome": ["completed"],
    }
    assert await texts(page, ".asked .text") == ["answer", SCRIPT]

    await page.click("text=user >> a")
    await expect(page.locator("[data-row]")).to_have_count(2)
    assert parse_qs(urlsplit(page.url).query) == {"model": ["answer"], "outcome": ["completed"]}


async def test_findings_citation_and_evidence_stand_in_place(page: Page) -> None:
    await page.click("[data-row]:last-child a")

    await page.wait_for_selector("h1 .id")
    assert await texts(page, "mark.flag") == ["One class"]
    assert await texts(page, "mark.answer") == ["one class"]
    assert await texts(page, "mark.evidence") == ["It lives in one file."]
    assert await page.locator(".timeline .stage").count() == 4
    assert "0.700" in await page.inner_text(".verdicts")


async def test_what_was_withheld_is_shown_beside_what_was_released(page: Page) -> None:
    await page.goto(page.url.split("?")[0] + "?outcome=rewritten")
    await page.click("[data-row] a")

    await page.wait_for_selector(".withheld")
    messages = await texts(page, "section[aria-labelledby=h-completion] .text")
    assert messages == ["It is [name].", "It is Ann."]
    assert await texts(page, "section[aria-labelledby=h-prompt] h3") == ["system", "user"]


async def test_text_cannot_run_or_reorder_anything(page: Page) -> None:
    await page.click("[data-row]:first-child a")
    await page.wait_for_selector("h1 .id")

    assert "owned" not in await page.title()
    assert SCRIPT in await texts(page, ".message .text")
    await page.goto(page.url.split("/exchanges")[0] + "?outcome=blocked")
    assert await texts(page, "[data-row] .sign") == ["U+202E"]


async def test_the_keyboard_is_enough(page: Page) -> None:
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    assert await page.locator("tr.current").count() == 1
    await page.keyboard.press("Enter")
    await page.wait_for_selector("h1 .id")
    await page.keyboard.press("u")
    await page.wait_for_selector("[data-row]")
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.id") == "text"
    await page.keyboard.press("Escape")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("?")
    assert await page.locator("#sheet").is_visible()


async def test_back_leads_to_the_list_as_it_was(page: Page) -> None:
    await page.goto(page.url.split("?")[0] + "?outcome=completed")
    await page.click("[data-row] a")
    await page.wait_for_selector("h1 .id")
    await page.click("[data-back]")

    await expect(page.locator("[data-row]")).to_have_count(2)
    assert page.url.endswith("?outcome=completed")


@pytest.mark.parametrize("with_key", [True, False])
async def test_back_leads_to_the_list_from_a_tab_of_its_own(page: Page, with_key: bool) -> None:
    await page.goto(page.url.split("?")[0] + "?outcome=completed")
    async with page.context.expect_page() as opening:
        await page.locator("[data-row] a").first.click(button="middle")
    tab = await opening.value
    await tab.wait_for_selector("h1 .id")

    for _ in range(2):
        await (tab.keyboard.press("u") if with_key else tab.click("[data-back]"))
        await expect(tab.locator("[data-row]")).to_have_count(2)
        assert tab.url.endswith("?outcome=completed")
        await tab.go_back()
        await tab.wait_for_selector("h1 .id")


async def test_shortcuts_can_be_switched_off(page: Page) -> None:
    await page.click("[data-sheet]")
    await page.uncheck("#keys-on")
    await page.click("#sheet button")
    await page.keyboard.press("j")

    assert await page.locator("tr.current").count() == 0


async def test_old_rows_do_not_stay_under_a_new_question_that_failed(
    signed_in: Page, database_url: str
) -> None:
    await run_sql(database_url, "ALTER TABLE exchange RENAME TO gone")
    await signed_in.select_option("select[name=outcome]", "blocked")

    await expect(signed_in.locator("#results")).to_contain_text("The log cannot be read right now")
    assert await signed_in.locator("[data-row]").count() == 0


@pytest.mark.parametrize("answer", [None, '{"error": {}}'])
async def test_a_server_that_does_not_answer_with_pages_is_told(
    signed_in: Page, answer: str | None
) -> None:
    async def answer_for_the_server(route: Route) -> None:
        if answer is None:
            await route.abort()
        else:
            await route.fulfill(status=503, content_type="application/json", body=answer)

    await signed_in.route("**/review?*", answer_for_the_server)
    await signed_in.select_option("select[name=outcome]", "blocked")

    await expect(signed_in.locator("#results")).to_have_text(
        "The server did not answer. Try again."
    )


async def test_rows_are_dimmed_while_new_ones_are_awaited(page: Page) -> None:
    let_go = asyncio.Event()

    async def hold(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await page.route("**/review?*", hold)
    await page.select_option("select[name=outcome]", "blocked")
    await expect(page.locator("#results")).to_have_css("opacity", "0.6")
    let_go.set()
    await expect(page.locator("#results")).to_have_css("opacity", "1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_placeholder_can_be_read(page: Page, scheme: Literal["light", "dark"]) -> None:
    await page.emulate_media(color_scheme=scheme)
    ink = await page.locator("#text").evaluate("e => getComputedStyle(e, '::placeholder').color")
    paper = await page.locator("#text").evaluate("e => getComputedStyle(e).backgroundColor")

    lighter, darker = sorted((luminance(ink), luminance(paper)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(color: str) -> float:
    """Return the relative luminance of an opaque colour, as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)]
    assert len(parts) == 3
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("width", [390, 1280])
async def test_nothing_is_wider_than_the_window(page: Page, width: int, tmp_path: Path) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    for selector in ("[data-row]:last-child a", None):
        overflow = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        await page.screenshot(path=tmp_path / f"{width}.png", full_page=True)
        assert overflow <= 0
        if selector:
            await page.click(selector)
            await page.wait_for_selector("h1 .id")
