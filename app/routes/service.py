"""What the routes work with. The composition root makes it; routes reach it here only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.pipeline import Pipeline
from app.routes.draining import Drain
from app.routes.keyring import KeyRing
from app.routes.readiness import Readiness
from app.settings import Settings
from app.store.exchanges import ExchangeStore
from app.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Service:
    """The collaborators of one running server."""

    settings: Settings
    pipeline: Pipeline
    exchanges: ExchangeStore
    keys: KeyRing
    metrics: Metrics
    drain: Drain
    readiness: Readiness


def service_of(connection: HTTPConnection) -> Service:
    """Return the service behind a request."""
    service: Service = connection.app.state.service
    return service


async def _served(connection: HTTPConnection) -> Service:
    # A plain function would be run in a thread.
    return service_of(connection)


Served = Annotated[Service, Depends(_served)]
"""A route's parameter of this type is given the service."""
