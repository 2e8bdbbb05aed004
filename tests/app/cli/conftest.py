import logging
from collections.abc import Generator
from pathlib import Path

import pytest
import structlog


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command runs in a folder of its own, untouched by the tester's settings."""
    for name in ("CONFIG", "HOST", "PORT", "HOME", "DATABASE_URL", "KEY", "URL", "MODELS_DIR"):
        monkeypatch.delenv(f"PENSTOCK_{name}", raising=False)
    for name in ("HF_ENDPOINT", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _own_logs() -> Generator[None]:
    """Commands set up the log of their process; here it outlives them."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    yield
    structlog.reset_defaults()
    root.handlers[:], logging.raiseExceptions = before[0], before[2]
    root.setLevel(before[1])
