"""The active API keys in memory, so that a request never waits for Postgres."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections import defaultdict
from typing import Protocol
from uuid import UUID

from app.store.keys import ApiKey

MAX_SECRET_CHARS = 256


class KeySource(Protocol):
    """Where the keys come from."""

    async def active(self) -> list[ApiKey]:
        """Return the keys that are neither revoked nor expired."""


class KeyRing:
    """The keys of the last refresh; while Postgres is down they stay valid until they expire."""

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._by_start: dict[bytes, list[ApiKey]] = {}
        self._by_id: dict[UUID, ApiKey] = {}
        self.is_loaded = False
        self.is_current = False
        """Whether the last refresh worked."""

    async def refresh(self) -> None:
        """Take over what Postgres says; raises what the store raises and keeps the old keys."""
        try:
            keys = await self._source.active()
        except Exception:
            self.is_current = False
            raise
        by_start: defaultdict[bytes, list[ApiKey]] = defaultdict(list)
        for key in keys:
            by_start[_start(key.digest)].append(key)
        self._by_start = dict(by_start)
        self._by_id = {key.id: key for key in keys}
        self.is_loaded = self.is_current = True

    def find(self, secret: str) -> ApiKey | None:
        """Return the key with this secret, unless it is unknown, revoked or expired."""
        if len(secret) > MAX_SECRET_CHARS:
            return None
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        found = None
        for key in self._by_start.get(_start(digest), ()):
            if hmac.compare_digest(key.digest, digest):
                found = key
        return _unexpired(found)

    def get(self, key_id: UUID) -> ApiKey | None:
        """Return the key with this id, unless it is unknown, revoked or expired."""
        return _unexpired(self._by_id.get(key_id))


def _start(digest: bytes) -> bytes:
    # Enough to look at a handful of keys only; how long that takes tells two bytes of a hash.
    return digest[:2]


def _unexpired(key: ApiKey | None) -> ApiKey | None:
    if key and key.expires_at and key.expires_at <= dt.datetime.now(dt.UTC):
        return None
    return key
