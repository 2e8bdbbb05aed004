from __future__ import annotations

from pathlib import Path

import pytest

from app.runtime import import_onnxruntime
from app.runtime.graph import CUDA
from app.runtime.hardware import expects_gpu
from app.settings import RuntimeSettings


def test_the_settings_decide(tmp_path: Path) -> None:
    assert expects_gpu(RuntimeSettings(provider="cuda"), tmp_path / "none")
    assert not expects_gpu(RuntimeSettings(provider="cpu"), tmp_path)


@pytest.mark.parametrize("has_driver", [True, False])
@pytest.mark.parametrize("providers", [[CUDA], []])
def test_otherwise_both_the_runtime_and_the_driver_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_driver: bool, providers: list[str]
) -> None:
    monkeypatch.setattr(import_onnxruntime(), "get_available_providers", lambda: providers)
    driver = tmp_path if has_driver else tmp_path / "none"

    expected = has_driver and bool(providers)
    assert expects_gpu(RuntimeSettings(provider="auto"), driver) is expected
