from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command runs in a folder of its own, untouched by the tester's settings."""
    for name in ("CONFIG", "HOST", "PORT", "HOME", "DATABASE_URL", "KEY", "URL", "MODELS_DIR"):
        monkeypatch.delenv(f"PENSTOCK_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path
