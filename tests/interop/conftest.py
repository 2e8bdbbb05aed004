"""Fixtures for tests with other people's clients."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import pytest
from openai import OpenAI

from tests.integration.serving import Serving
from tests.interop.guarding import SETTINGS as GUARD_SETTINGS
from tests.interop.serving import make_key, prepare, serving
from tests.postgres import throwaway_home


@dataclass(frozen=True)
class Endpoint:
    """Where to ask, and as whom."""

    url: str
    key: str
    reviewer: str
    """A key that may not ask."""


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Generator[Endpoint]:
    """A running server."""
    folder = tmp_path_factory.mktemp("interop")
    prepare(folder)
    with throwaway_home() as home, serving(folder, home) as server:
        yield Endpoint(f"{server.address}/v1", server.key, make_key(server, folder, "review"))


@dataclass(frozen=True)
class Guard:
    """A server that is only asked to check."""

    server: Serving
    reviewer: str
    """A key that may read its log."""


@pytest.fixture(scope="session")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Generator[Guard]:
    """A running server whose chain blocks and rewrites on both sides."""
    folder = tmp_path_factory.mktemp("guard")
    prepare(folder, GUARD_SETTINGS)
    with throwaway_home() as home, serving(folder, home) as server:
        yield Guard(server, make_key(server, folder, "review"))


@pytest.fixture
def client(endpoint: Endpoint) -> Generator[OpenAI]:
    """OpenAI's Python client with a key that may ask."""
    with OpenAI(base_url=endpoint.url, api_key=endpoint.key) as opened:
        yield opened
