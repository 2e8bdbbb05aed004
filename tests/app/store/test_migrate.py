from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.errors import DatabaseError
from app.store import migrate
from app.store.migrate import check, current, newest, upgrade
from tests.postgres import run_sql


def test_the_newest_revision_is_the_one_a_new_database_gets(database_url: str) -> None:
    assert current(database_url) == newest()
    check(database_url)


def test_upgrading_again_changes_nothing(database_url: str) -> None:
    upgrade(database_url)

    assert current(database_url) == newest()


def test_a_database_of_a_newer_server_is_refused(database_url: str) -> None:
    asyncio.run(run_sql(database_url, "UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version of Penstock"):
        upgrade(database_url)
    with pytest.raises(DatabaseError, match="newer version of Penstock"):
        check(database_url)


def test_a_difference_between_tables_and_migrations_is_found(database_url: str) -> None:
    asyncio.run(run_sql(database_url, "ALTER TABLE source DROP COLUMN title"))
    with pytest.raises(DatabaseError, match="add_column"):
        check(database_url)


def test_a_schema_that_is_in_the_way_is_left_whole(postgres_url: str, database_url: str) -> None:
    asyncio.run(run_sql(database_url, "DROP TABLE alembic_version", "DROP TABLE exchange_content"))
    with pytest.raises(DatabaseError, match="could not be migrated"):
        upgrade(database_url)
    assert current(database_url) is None


def test_nobody_there() -> None:
    with pytest.raises(DatabaseError, match="Nothing answers"):
        upgrade("postgresql://127.0.0.1:1/log")


def test_migrations_are_found_in_a_checkout_and_in_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "__file__", str(tmp_path / "app" / "store" / "migrate.py"))
    assert migrate._folder() == tmp_path / "migrations"

    (tmp_path / "app" / "_migrations").mkdir(parents=True)
    assert migrate._folder() == tmp_path / "app" / "_migrations"
