from __future__ import annotations

from pathlib import Path

import pytest

from scripts.benchmarks import gpu
from scripts.benchmarks.engines.models import VERSION, Models
from tests.bundles import write_decoder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "checkpoints" / gpu.MODEL).mkdir(parents=True)
    for precision in gpu.PRECISIONS:
        write_decoder(
            tmp_path / "models", [b"One."], name=f"{gpu.MODEL}-{precision}", version=VERSION
        )
    monkeypatch.setattr(Models, "prompts", lambda self, model: None)
    return tmp_path


def test_without_a_gpu_it_says_so_and_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("app.runtime.opening.CUDA", "a provider that no build has")
    status = gpu.main(["--folder", str(folder)])

    assert status == 3
    assert " ".join(capsys.readouterr().out.split()).endswith(gpu.NO_GPU)


def test_preparing_makes_nothing_that_is_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gpu.main(["prepare", "--folder", str(folder)]) == 0
    assert "making it" not in capsys.readouterr().out


def test_a_check_that_failed_is_the_result(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [gpu.Check("one", "fast", None), gpu.Check("two", "cpu", False)]
    monkeypatch.setattr(gpu, "run", lambda bundles, prompts: checks)

    assert gpu.main(["--folder", str(folder)]) == 1
    assert "NOT WELL" in capsys.readouterr().out
