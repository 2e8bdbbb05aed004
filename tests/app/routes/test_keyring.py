from __future__ import annotations

import datetime as dt
import hashlib
from uuid import uuid4

import pytest

from app.errors import Unavailable
from app.routes.keyring import MAX_SECRET_CHARS, KeyRing
from app.store.keys import ApiKey, Scope

NOW = dt.datetime.now(dt.UTC)


class Source:
    """Keys that can be changed, and a database that can go away."""

    def __init__(self, *keys: ApiKey) -> None:
        self.keys = list(keys)
        self.is_down = False

    async def active(self) -> list[ApiKey]:
        if self.is_down:
            raise Unavailable
        return self.keys


def key(secret: str, expires_at: dt.datetime | None = None) -> ApiKey:
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
    return ApiKey(uuid4(), "name", secret[:4], digest, frozenset(Scope), NOW, expires_at)


async def test_keys_are_found_by_secret_and_by_id() -> None:
    mine, other = key("mine"), key("other")
    ring = KeyRing(Source(mine, other))
    assert ring.find("mine") is None
    await ring.refresh()

    assert ring.find("mine") == mine
    assert ring.get(other.id) == other
    assert ring.find("unknown") is None
    assert ring.get(uuid4()) is None


async def test_without_the_database_the_last_keys_stay() -> None:
    source = Source(key("mine"))
    ring = KeyRing(source)
    assert (ring.is_loaded, ring.is_current) == (False, False)
    await ring.refresh()
    assert (ring.is_loaded, ring.is_current) == (True, True)

    source.is_down = True
    with pytest.raises(Unavailable):
        await ring.refresh()

    assert (ring.is_loaded, ring.is_current) == (True, False)
    assert ring.find("mine") is not None


async def test_a_key_that_is_gone_is_forgotten() -> None:
    source = Source(key("mine"))
    ring = KeyRing(source)
    await ring.refresh()
    source.keys.clear()
    await ring.refresh()

    assert ring.find("mine") is None


async def test_an_expired_key_is_no_key() -> None:
    expired = key("expired", NOW - dt.timedelta(seconds=1))
    ring = KeyRing(Source(expired, key("later", NOW + dt.timedelta(hours=1))))
    await ring.refresh()

    assert ring.find("expired") is None
    assert ring.get(expired.id) is None
    assert ring.find("later") is not None


async def test_strange_secrets_are_just_unknown() -> None:
    long = "x" * (MAX_SECRET_CHARS + 1)
    ring = KeyRing(Source(key(long)))
    await ring.refresh()

    assert ring.find(long) is None
    assert ring.find("\ud800") is None
    assert ring.find("") is None
