import datetime as dt
import hashlib
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from app.store.database import Database
from app.store.keys import MARK, KeyStore, Scope
from app.store.tables import api_key


@pytest.fixture
def keys(database: Database) -> KeyStore:
    return KeyStore(database)


async def test_a_key_is_stored_without_its_secret(database: Database, keys: KeyStore) -> None:
    key, secret = await keys.create("CI", frozenset({Scope.INFER, Scope.REVIEW}))
    async with database.begin() as connection:
        stored = (await connection.execute(text("SELECT api_key::text FROM api_key"))).scalar_one()

    assert await keys.list() == await keys.active() == [key]
    assert secret.startswith(key.prefix)
    assert key.digest == hashlib.sha256(secret.encode()).digest()
    assert secret not in stored
    assert secret.removeprefix(key.prefix) not in stored


async def test_no_two_secrets_are_alike_or_short(keys: KeyStore) -> None:
    made = {(await keys.create("n", frozenset()))[1] for _ in range(20)}

    assert len(made) == 20
    assert all(len(secret.removeprefix(MARK)) >= 256 / 6 for secret in made)


@pytest.mark.parametrize("by", ["id", "prefix"])
async def test_a_revoked_key_is_no_longer_active_but_known(keys: KeyStore, by: str) -> None:
    key, _ = await keys.create("old", frozenset(Scope))
    other, _ = await keys.create("new", frozenset(Scope))
    assert await keys.revoke(str(getattr(key, by)))
    assert not await keys.revoke(str(getattr(key, by)))

    assert await keys.active() == [other]
    [first, second] = await keys.list()
    assert (first.id, second) == (key.id, other)
    assert first.revoked_at


@pytest.mark.parametrize("what", ["psk_", "", "\0", str(uuid4()), "psk_%"])
async def test_an_unknown_key_is_not_revoked(keys: KeyStore, what: str) -> None:
    await keys.create("n", frozenset())

    assert not await keys.revoke(what)
    assert len(await keys.active()) == 1


async def test_an_expired_key_is_not_active(keys: KeyStore) -> None:
    now = dt.datetime.now(dt.UTC)
    await keys.create("past", frozenset(), now - dt.timedelta(seconds=1))
    future, _ = await keys.create("future", frozenset(), now + dt.timedelta(hours=1))

    assert await keys.active() == [future]
    assert len(await keys.list()) == 2


async def test_a_name_may_be_any_text(keys: KeyStore) -> None:
    key, _ = await keys.create("a\0b\ud800", frozenset())

    assert await keys.list() == [key]


async def test_a_scope_of_a_newer_server_gives_nothing(database: Database, keys: KeyStore) -> None:
    key, _ = await keys.create("n", frozenset({Scope.INFER}))
    async with database.begin() as connection:
        await connection.execute(text("UPDATE api_key SET scopes = 'infer rule-the-world'"))

    assert (await keys.active()) == [key]


async def test_two_keys_never_have_the_same_prefix(database: Database, keys: KeyStore) -> None:
    key, _ = await keys.create("n", frozenset())
    row = {
        "id": uuid4(),
        "name": "",
        "prefix": key.prefix,
        "digest": b"",
        "scopes": "",
        "created_at": key.created_at,
    }
    with pytest.raises(Exception, match="SQLSTATE 23505"):
        await add(database, row)


async def add(database: Database, row: dict[str, object]) -> None:
    async with database.begin() as connection:
        await connection.execute(insert(api_key).values(row))
