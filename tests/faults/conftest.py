"""Fixtures for tests that break things."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.faults.killable import KillablePostgres, killable_postgres


@pytest.fixture(scope="module")
def killable() -> Generator[KillablePostgres]:
    """A Postgres of the module's own; whoever hurts it revives it."""
    with killable_postgres() as server:
        yield server
