"""The page of an evaluation in a real browser: it loads nothing, and fits the window."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.evaluation.judged import Scored
from app.evaluation.report import to_html
from tests.app.evaluation.test_report import HOSTILE, ROWS, sample
from tests.browser import chromium

pytestmark = pytest.mark.browser
SURE = [
    Scored(n % 10 < bad, "", score, 1.0) for score, bad in ((0.6, 1), (0.9, 4)) for n in range(200)
]
"""Scores that say more than they know."""


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_page_fits_and_loads_nothing(width: int, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    evaluations = [
        sample([*ROWS, *SURE]),
        sample([*ROWS, *SURE]),
    ]  # with figures of both together, and a calibration
    file.write_text(to_html(evaluations, HOSTILE, "today"), encoding="utf-8")
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
        together = await page.inner_text("h2 >> nth=0")
        line = await page.inner_text("pre")

    assert overflow <= 0
    assert drawn == 6
    assert together == "Stage input, all together"
    assert line.startswith("calibration = { slope = ")
    assert heading == f"Filters on {HOSTILE}"
    assert asked == [file.as_uri()]
    assert problems == []
