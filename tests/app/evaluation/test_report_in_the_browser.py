"""The page of an evaluation in a real browser: it loads nothing, and fits the window."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.evaluation.report import to_html
from tests.app.evaluation.test_report import HOSTILE, ROWS, sample
from tests.browser import chromium

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_page_fits_and_loads_nothing(width: int, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(to_html([sample(ROWS)], HOSTILE, "today"), encoding="utf-8")
    problems: list[str] = []
    asked: list[str] = []
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": 800})
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(file.as_uri())
        await page.screenshot(path=tmp_path / f"{width}.png", full_page=True)
        overflow = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        drawn = await page.locator("svg[role=img] polyline.curve").count()
        heading = await page.inner_text("h1")

    assert overflow <= 0
    assert drawn == 3
    assert heading == f"Filters on {HOSTILE}"
    assert asked == [file.as_uri()]
    assert problems == []
