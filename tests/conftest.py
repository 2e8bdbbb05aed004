"""Fixtures that all tests share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from app.store.database import Database
from app.store.migrate import upgrade
from tests.postgres import copy_database, drop_database, throwaway_home, throwaway_server

_numbers = count()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-url",
        help="run on this Postgres, whose user may create databases, not on an embedded one",
    )


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Generator[str]:
    """The address of a running server, in a database of no interest."""
    given: str | None = request.config.getoption("--database-url")
    if given:
        yield given
    else:
        with throwaway_server() as url:
            yield url


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> Generator[str]:
    """The name of a database with all tables, empty, to copy."""
    name = f"penstock_{uuid4().hex[:12]}"
    url = asyncio.run(copy_database(postgres_url, "template0", name))
    upgrade(url)
    yield name
    asyncio.run(drop_database(postgres_url, name))


@pytest.fixture
async def database_url(postgres_url: str, migrated_template: str) -> AsyncGenerator[str]:
    """The address of a migrated, empty database of the test's own."""
    name = f"{migrated_template}_{next(_numbers)}"
    yield await copy_database(postgres_url, migrated_template, name)
    await drop_database(postgres_url, name)


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """A connected database of the test's own."""
    opened = Database(database_url)
    await opened.connect()
    yield opened
    await opened.close()


@pytest.fixture
def home() -> Generator[Path]:
    """A state folder in which an embedded Postgres may live."""
    with throwaway_home() as folder:
        yield folder
