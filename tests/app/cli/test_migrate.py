import asyncio
from collections.abc import Generator
from uuid import uuid4

import pytest

from app.store.migrate import newest
from tests.commands import penstock, succeed
from tests.postgres import copy_database, drop_database


@pytest.fixture
def _empty_database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    name = f"penstock_{uuid4().hex[:12]}"
    url = asyncio.run(copy_database(postgres_url, "template0", name))
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", url)
    yield
    asyncio.run(drop_database(postgres_url, name))


@pytest.mark.usefixtures("_empty_database")
def test_an_empty_database_is_migrated_once() -> None:
    assert succeed("migrate", "--current") == "empty\n"
    assert succeed("migrate") == f"The schema is now at revision {newest()} (before: empty).\n"
    assert succeed("migrate") == f"The schema was up to date: revision {newest()}.\n"
    assert succeed("migrate", "--check") == f"The schema fits: revision {newest()}.\n"
    assert succeed("migrate", "--current") == f"{newest()}\n"


@pytest.mark.usefixtures("_empty_database")
def test_an_empty_database_is_named_as_such() -> None:
    assert penstock("migrate", "--check").exit_code == 1

    result = penstock("exchanges", "list")

    assert result.exit_code == 1
    assert result.stderr == "The database is empty so far: run `penstock migrate` first.\n"


def test_an_unreachable_database_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", "postgresql://me:hush@127.0.0.1:1/x")

    result = penstock("migrate")

    assert result.exit_code == 1
    assert "Nothing answers there" in result.stderr
    assert "hush" not in result.stderr
