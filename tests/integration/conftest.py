"""Fixtures for tests of whole servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.serving import prepare


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings, sources and bundles; servers only read it."""
    folder = tmp_path_factory.mktemp("place")
    prepare(folder)
    return folder
