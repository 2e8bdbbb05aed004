"""A reviewer tries texts in a real browser, by mouse, by keyboard, and on a phone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page, expect

from tests.app.review.conftest import SCRIPT, Pages
from tests.browser import chromium

pytestmark = pytest.mark.browser


@pytest.fixture
async def page(pages: Pages) -> AsyncGenerator[Page]:
    """The page that tries texts, signed in; any error on the console fails the test."""
    problems: list[str] = []
    async with chromium() as browser:
        opened = await browser.new_page()
        opened.set_default_timeout(10_000)
        await opened.goto(f"{pages.url}/review/try")
        await opened.fill("#key", pages.review_key)
        await opened.keyboard.press("Enter")
        await opened.wait_for_selector("form.try")
        opened.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        opened.on("pageerror", lambda error: problems.append(str(error)))
        yield opened
    assert problems == []


async def try_text(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.click("button.primary")
    await page.wait_for_selector(".outcome")


async def test_every_finding_stands_in_place_and_the_text_stays_in_its_field(page: Page) -> None:
    await try_text(page, "Ann, you idiot: a bomb")

    assert await page.locator("#results mark").all_inner_texts() == ["Ann", "idiot", "bomb"]
    assert await page.inner_text("mark.block") == "bomb"
    assert "blocked by blocklist" in " ".join((await page.inner_text(".outcome")).split())
    assert await page.locator(".findings li").count() == 3
    assert await page.locator(".verdicts tbody tr").count() == 3
    assert await page.input_value("#text") == "Ann, you idiot: a bomb"
    assert page.url.endswith("/review/try")


async def test_a_changed_text_is_shown_as_it_goes_on(page: Page) -> None:
    await try_text(page, "Ask Ann")

    assert await page.locator(".message .text").all_inner_texts() == ["Ask Ann", "Ask [names]"]
    await try_text(page, "Ask her")
    await expect(page.locator(".outcome")).to_contain_text("The text passes as it is.")


async def test_the_keyboard_is_enough(page: Page) -> None:
    await page.goto(page.url.removesuffix("/try"))
    await page.keyboard.press("t")
    await page.wait_for_selector("form.try")
    assert await page.evaluate("document.activeElement.id") == "text"

    await page.keyboard.type("a bomb")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("mark.block")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.id") == "text"
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("u")
    await page.wait_for_selector("[data-row]")


async def test_a_stage_is_chosen_and_passages_are_given(page: Page) -> None:
    await page.click("summary")
    await page.fill("#question", "Is it sure?")
    await page.fill("#passages", "Nothing is.\n---\nThat idiot knows.")
    await try_text(page, "Who knows?")
    assert await page.locator("mark.flag").all_inner_texts() == ["idiot"]

    await page.check("input[value=output]")
    await try_text(page, "It is guaranteed.")
    await expect(page.locator("mark.flag")).to_have_text("guaranteed")


async def test_text_cannot_run_anything(page: Page) -> None:
    await try_text(page, f"{SCRIPT} \u202eidiot")

    assert "owned" not in await page.title()
    assert SCRIPT in await page.inner_text(".message .text")
    assert "U+202E" in await page.locator(".message .sign").all_inner_texts()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_nothing_is_wider_than_the_window(
    page: Page, width: int, scheme: Literal["light", "dark"], tmp_path: Path
) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.emulate_media(color_scheme=scheme)
    await page.click("summary")
    await page.fill("#passages", "Nothing is.\n---\nThat idiot knows.")
    await try_text(page, "Ann, you idiot: read this long sentence about nothing. A bomb? " * 3)

    overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    await page.screenshot(path=tmp_path / f"{width}.png", full_page=True)
    assert overflow <= 0
