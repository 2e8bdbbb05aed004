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
        self.is_loaded = False

    async def refresh(self) -> None:
        """Take over what Postgres says; raises what the store raises and keeps the old keys."""
        by_start: defaultdict[bytes, list[ApiKey]] = defaultdict(list)
        for key in await self._source.active():
            by_start[key.digest[:2]].append(key)
        self._by_start = dict(by_start)
        self.is_loaded = True

    def find(self, secret: str, now: dt.datetime | None = None) -> ApiKey | None:
        """Return the key with this secret, unless it is unknown, revoked or expired."""
        if len(secret) > MAX_SECRET_CHARS:
            return None
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        found = None
        for key in self._by_start.get(digest[:2], ()):
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found if found and _is_valid(found, now) else None

    def get(self, key_id: UUID, now: dt.datetime | None = None) -> ApiKey | None:
        """Return the key with this id, unless it is unknown, revoked or expired."""
        for keys in self._by_start.values():
            for key in keys:
                if key.id == key_id:
                    return key if _is_valid(key, now) else None
        return None


def _is_valid(key: ApiKey, now: dt.datetime | None) -> bool:
    return key.expires_at is None or key.expires_at > (now or dt.datetime.now(dt.UTC))
