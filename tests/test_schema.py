"""The migrations make exactly the tables that the code knows."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from uuid import uuid4

import pytest

from app.store.migrate import check, current, downgrade, newest, upgrade
from tests.postgres import copy_database, drop_database

pytestmark = pytest.mark.check


@pytest.fixture
def empty_url(postgres_url: str) -> Generator[str]:
    name = f"penstock_{uuid4().hex[:12]}"
    yield asyncio.run(copy_database(postgres_url, "template0", name))
    asyncio.run(drop_database(postgres_url, name))


def test_the_migrations_make_what_the_code_expects(empty_url: str) -> None:
    upgrade(empty_url)

    check(empty_url)
    assert current(empty_url) == newest() is not None


def test_the_migrations_lead_down_and_up_again(empty_url: str) -> None:
    upgrade(empty_url)
    downgrade(empty_url, "base")
    assert current(empty_url) is None

    upgrade(empty_url)
    check(empty_url)
