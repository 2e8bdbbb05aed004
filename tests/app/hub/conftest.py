from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import huggingface_hub
import pytest

from app.hub import Hub
from app.settings import HubSettings
from tests.foreign import write_language_model
from tests.hub import LocalHub, Shelf, serving

REPOSITORY = "maker/Tiny_Model"


@pytest.fixture
def local_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[LocalHub]:
    """A hub with one language model."""
    monkeypatch.setattr("time.sleep", lambda _: None)  # between tries
    # Less than a whole chunk is lost when a connection breaks.
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 100)
    folder = write_language_model(tmp_path / "shelf", weights="model.onnx_data")
    with serving(LocalHub(shelves={REPOSITORY: Shelf(folder, ("main", "v1"))})) as hub:
        yield hub
    huggingface_hub.close_session()


@pytest.fixture
def hub(local_hub: LocalHub, tmp_path: Path) -> Hub:
    """What a command asks it with."""
    return Hub(HubSettings(endpoint=local_hub.url), tmp_path / "cache")
