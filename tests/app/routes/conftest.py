"""Fixtures for the tests of the routes."""

from __future__ import annotations

from collections.abc import Generator

import pytest
import structlog


@pytest.fixture(autouse=True)
def quiet_log() -> Generator[None]:
    """Keep the log out of the way: by default it would draw every traceback with its locals."""
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
