"""A server without start-up: real routes, real keys and log, an engine under the test's control."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.checking import Checker
from app.engine import Delta
from app.engine.served import ServedEngines
from app.main import create_app
from app.pipeline import Pipeline
from app.routes.keyring import KeyRing
from app.routes.readiness import Check, Readiness
from app.routes.service import Service
from app.settings import LimitSettings, Settings
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from app.store.keys import KeyStore, Scope
from tests.app.scripted import (
    FixedFilters,
    FixedLineup,
    KeptRecords,
    LengthEmbedder,
    ScriptedEngine,
)


class Desk:
    """One server, and a key for each scope."""

    def __init__(self, home: Path, database: Database, **settings: Any) -> None:
        self.settings = Settings(home=home, model="scripted", **settings)
        self.app = create_app(self.settings)
        self.keys = KeyStore(database)
        self.ring = KeyRing(self.keys)
        self.exchanges = ExchangeStore(database)
        self.records = KeptRecords()
        self.engine = ScriptedEngine([])
        self.secrets: dict[str, str] = {}
        self.is_alive = True
        self.is_lost = False
        self.is_reachable = True
        self.let_write("It is ", "late.")

    async def open(self) -> None:
        """Make the keys."""
        for scope in Scope:
            _, self.secrets[scope] = await self.keys.create(scope, frozenset({scope}))
        await self.ring.refresh()

    def let_write(
        self,
        *pieces: str | Delta | Exception,
        chain: Sequence[Instance] = (),
        delay_s: float = 0.0,
        finish_reason: str | None = "stop",
        refuses: Exception | None = None,
    ) -> None:
        """Let the model write these pieces from now on."""
        self.engine = ScriptedEngine(
            pieces, delay_s=delay_s, finish_reason=finish_reason, refuses=refuses
        )
        engines = ServedEngines.of({"scripted": self.engine})
        limits: LimitSettings = self.settings.limits
        placed = Chain(chain)
        self.app.state.service = Service(
            settings=self.settings,
            pipeline=Pipeline(placed, engines, self.records, limits.request_s),
            checker=Checker(placed, self.records, limits.request_s),
            filters=FixedFilters(chain),
            engines=engines,
            embedder=LengthEmbedder(),
            exchanges=self.exchanges,
            keys=self.ring,
            metrics=self.app.state.metrics,
            drain=self.app.state.drain,
            lineup=FixedLineup(engines),
            readiness=Readiness(
                (
                    Check("models", lambda: self.is_alive),
                    Check("threads", lambda: not self.is_lost, is_lasting=True),
                    Check("database", lambda: self.is_reachable, is_vital=False),
                )
            ),
        )

    def bearer(self, scope: Scope = Scope.INFER) -> str:
        """Return the header line of a key with this scope."""
        return f"Authorization: Bearer {self.secrets[scope]}"

    def client(self, scope: Scope | None = Scope.INFER) -> httpx.AsyncClient:
        """Return a client that carries a key with this scope, or none."""
        headers = {"authorization": f"Bearer {self.secrets[scope]}"} if scope else {}
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)
