"""What the routes work with. The composition root makes it; routes reach it here only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import time
from typing import Annotated, Protocol

import numpy as np
from fastapi import Depends
from numpy.typing import NDArray
from starlette.requests import HTTPConnection

from app.chain.instance import Instance
from app.checking import Checker
from app.engine.served import ServedEngines
from app.pipeline import Pipeline
from app.routes.draining import Drain
from app.routes.keyring import KeyRing
from app.routes.lineup import Lineup
from app.routes.readiness import Readiness
from app.settings import Settings
from app.store.exchanges import ExchangeStore
from app.telemetry import Metrics


class Embedder(Protocol):
    """Turns texts into vectors."""

    reference: str
    """`name@version` of its bundle."""
    dimension: int

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit-length row per text.

        Raises:
            EngineBusy: the queue is full.
            ModelFailed: the model could not be run.
        """

    async def num_tokens(self, texts: Sequence[str]) -> int:
        """Return how many tokens the model reads of these texts."""


class Filters(Protocol):
    """The chain in force, which may be read again."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The filters in force, in order."""

    async def reload(self, by: str) -> list[str]:
        """Put the chain of the settings in force as they read now.

        Args:
            by: who wants it, for the log.

        Returns:
            Other settings that have changed and count at the next start only.

        Raises:
            ChainNotLoaded: something is wrong with it; the old one goes on.
        """


@dataclass(frozen=True, slots=True)
class Service:
    """The collaborators of one running server."""

    settings: Settings
    pipeline: Pipeline
    checker: Checker
    filters: Filters
    engines: ServedEngines
    embedder: Embedder
    exchanges: ExchangeStore
    keys: KeyRing
    metrics: Metrics
    drain: Drain
    readiness: Readiness
    lineup: Lineup
    started_at: int = field(default_factory=lambda: int(time()))
    """Unix time, in seconds."""


def service_of(connection: HTTPConnection) -> Service:
    """Return the service behind a request."""
    service: Service = connection.app.state.service
    return service


async def _served(connection: HTTPConnection) -> Service:
    # A plain function would be run in a thread.
    return service_of(connection)


Served = Annotated[Service, Depends(_served)]
"""A route's parameter of this type is given the service."""
