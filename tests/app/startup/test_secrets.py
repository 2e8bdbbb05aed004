from __future__ import annotations

import asyncio
import resource
import stat
from pathlib import Path

import pytest

from app.errors import StartupError
from app.startup.secrets import FIRST_KEY, REVIEW_SECRET, make_first_key, review_secret
from app.store.database import Database
from app.store.keys import KeyStore, Scope


async def test_the_first_start_makes_a_key_with_all_scopes(
    tmp_path: Path, database: Database
) -> None:
    keys, home = KeyStore(database), tmp_path / "new" / "home"
    assert await make_first_key(keys, home) is True

    (key,) = await keys.active()
    secret = (home / FIRST_KEY).read_text(encoding="ascii")
    assert key.scopes == frozenset(Scope)
    assert secret.startswith(key.prefix)
    assert secret.endswith("\n")
    assert stat.S_IMODE((home / FIRST_KEY).stat().st_mode) == 0o600


async def test_later_starts_leave_it_alone(tmp_path: Path, database: Database) -> None:
    keys = KeyStore(database)
    await make_first_key(keys, tmp_path)
    secret = (tmp_path / FIRST_KEY).read_bytes()

    assert await make_first_key(keys, tmp_path) is False
    assert (tmp_path / FIRST_KEY).read_bytes() == secret


async def test_where_all_keys_were_revoked_none_is_made(tmp_path: Path, database: Database) -> None:
    keys = KeyStore(database)
    key, _ = await keys.create("old", frozenset({Scope.INFER}))
    await keys.revoke(str(key.id))

    assert await make_first_key(keys, tmp_path) is False
    assert not (tmp_path / FIRST_KEY).exists()


async def test_a_new_database_gets_a_new_key_in_the_old_file(
    tmp_path: Path, database: Database
) -> None:
    (tmp_path / FIRST_KEY).write_text(
        "psk_of_another_database_and_much_longer_than_the_new_one" * 2
    )
    await make_first_key(KeyStore(database), tmp_path)

    (key,) = await KeyStore(database).active()
    lines = (tmp_path / FIRST_KEY).read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(key.prefix)


async def test_servers_that_start_together_make_one_key(tmp_path: Path, database: Database) -> None:
    keys = KeyStore(database)

    def start() -> bool:
        return asyncio.run(_make(database.url, tmp_path))

    made = await asyncio.gather(*(asyncio.to_thread(start) for _ in range(4)))

    assert sum(made) == 1
    (key,) = await keys.list()
    assert (tmp_path / FIRST_KEY).read_text().startswith(key.prefix)


async def test_a_key_that_could_not_be_written_is_made_at_the_next_start(
    tmp_path: Path, database: Database
) -> None:
    keys = KeyStore(database)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (0, before[1])
    )  # every write fails, as on a full disk
    try:
        with pytest.raises(StartupError, match="PENSTOCK_HOME"):
            await make_first_key(keys, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert await keys.list() == []

    assert await make_first_key(keys, tmp_path) is True
    (key,) = await keys.active()
    assert (tmp_path / FIRST_KEY).read_text().startswith(key.prefix)


async def _make(url: str, home: Path) -> bool:
    database = Database(url, pool_size=1)
    try:
        return await make_first_key(KeyStore(database), home)
    finally:
        await database.close()


def test_the_review_secret_stays_the_same(tmp_path: Path) -> None:
    first = review_secret(tmp_path)

    assert len(first) == 64
    assert review_secret(tmp_path) == first
    assert review_secret(tmp_path / "other") != first
    assert stat.S_IMODE((tmp_path / REVIEW_SECRET).stat().st_mode) == 0o600


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StartupError, match="PENSTOCK_HOME"):
        review_secret(tmp_path / "file" / "home")
