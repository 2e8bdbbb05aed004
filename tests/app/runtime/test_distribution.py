"""Which ONNX Runtime is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import StartupError
from app.runtime.distribution import import_onnxruntime


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    import_onnxruntime.cache_clear()
    yield
    import_onnxruntime.cache_clear()


def install(site: Path, name: str) -> None:
    """Write what pip leaves of a distribution."""
    folder = site / f"{name.replace('-', '_')}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")


def test_the_installed_one_is_imported() -> None:
    assert import_onnxruntime().__name__ == "onnxruntime"


def test_none_is_refused_with_how_to_install_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(StartupError, match=r"not installed.*penstock\[cpu\].*penstock\[gpu\]"):
        import_onnxruntime()


def test_both_are_refused_with_how_to_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "onnxruntime")
    install(tmp_path, "onnxruntime-gpu")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(StartupError, match="both installed"):
        import_onnxruntime()


def test_one_that_cannot_be_loaded_is_refused_with_how_to_repair_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "onnxruntime-gpu")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)

    with pytest.raises(StartupError, match="--force-reinstall onnxruntime-gpu"):
        import_onnxruntime()
