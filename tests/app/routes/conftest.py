"""Fixtures for the tests of the routes."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
import structlog

from app.store.database import Database
from tests.app.routes.serving import Desk


@pytest.fixture(autouse=True)
def quiet_log() -> Generator[None]:
    """Keep the log out of the way: by default it would draw every traceback with its locals."""
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
async def desk(tmp_path: Path, database: Database) -> Desk:
    """A server with a key for each scope."""
    opened = Desk(tmp_path, database)
    await opened.open()
    return opened
