"""A real Chromium for tests: Debian's, driven by playwright; nothing is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Tests may run as root, and the machine may have no network."""


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """Start the browser; a machine without one skips the test."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("There is no Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_QUIET)
        try:
            yield browser
        finally:
            await browser.close()
