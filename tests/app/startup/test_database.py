from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from app.errors import DatabaseError, Unavailable
from app.settings import Settings
from app.startup.database import DatabaseLink, open_database
from app.startup.secrets import FIRST_KEY
from app.store.aliases import AliasStore
from app.store.embedded import EmbeddedPostgres
from app.store.keys import KeyStore, Scope
from tests.postgres import copy_database, drop_database, run_sql


def settings(home: Path, url: str | None) -> Settings:
    return Settings.model_validate({"home": home, "database_url": url})


async def test_an_empty_database_is_migrated_and_gets_a_key(
    tmp_path: Path, postgres_url: str
) -> None:
    url = await copy_database(postgres_url, "template0", "penstock_startup")
    try:
        async with open_database(settings(tmp_path, url)) as link:
            assert (link.keys.is_loaded, link.keys.is_current) == (True, True)
            secret = (tmp_path / FIRST_KEY).read_text(encoding="ascii").strip()
            key = link.keys.find(secret)
            assert key
            assert key.scopes == frozenset(Scope)
    finally:
        await drop_database(postgres_url, "penstock_startup")


async def test_new_keys_are_seen_and_revoked_ones_refused(
    tmp_path: Path, database_url: str
) -> None:
    async with open_database(settings(tmp_path, database_url)) as link:
        keys = KeyStore(link.database)
        key, secret = await keys.create("new", frozenset({Scope.INFER}))
        assert link.keys.find(secret) is None
        await link.follow()
        assert link.keys.find(secret) == key
        await keys.revoke(key.prefix)
        await link.follow()
        assert link.keys.find(secret) is None


async def test_a_model_is_the_version_in_production(tmp_path: Path, database_url: str) -> None:
    async with open_database(settings(tmp_path, database_url)) as link:
        aliases = AliasStore(link.database)
        await aliases.set("production", "answer", "7", by="test")

        assert await link.resolve("answer") == "answer@7"
        assert await link.resolve("answer@1") == "answer@1"
        assert await link.resolve("encoder") == "encoder"


async def test_without_the_database_the_server_starts_and_goes_on_trying(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    url = postgres.start()
    postgres.stop()
    async with open_database(settings(home / "var", url)) as link:
        assert (link.keys.is_loaded, link.keys.is_current) == (False, False)
        assert await link.resolve("answer") == "answer"
        with pytest.raises((Unavailable, DatabaseError)):
            await link.follow()
        postgres.start()
        try:
            await link.follow()
            assert link.keys.is_loaded
            assert (home / "var" / FIRST_KEY).exists()
        finally:
            await link.database.close()
            postgres.stop()


async def follow_for_ever(link: DatabaseLink) -> None:
    while True:
        await link.follow()


async def test_the_embedded_postgres_is_started_revived_and_stopped(home: Path) -> None:
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    async with open_database(settings(home, None)) as link:
        assert link.keys.is_loaded
        pid = int(pid_file.read_text(encoding="ascii").split()[0])
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unavailable):
            await follow_for_ever(link)
        await link.follow()
        assert link.keys.is_current
    assert not pid_file.exists()


async def test_a_schema_of_a_newer_version_stops_the_start(
    tmp_path: Path, database_url: str
) -> None:
    await run_sql(database_url, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(DatabaseError, match="does not fit this version"):
        async with open_database(settings(tmp_path, database_url)):
            pass
