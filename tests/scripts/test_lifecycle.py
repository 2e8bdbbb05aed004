"""The reference run: from rows to verified bundles, in one command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.bundles import list_bundles, load_bundle
from app.bundles.manifest import QuestionAnswering

pytestmark = [pytest.mark.train, pytest.mark.slow]
ROOT = Path(__file__).parents[2]


def _lifecycle(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["scripts/lifecycle.sh", "--home", str(home), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_whole_life_of_a_model(tmp_path: Path) -> None:
    done = _lifecycle(tmp_path, "--steps", "4", "--most", "60")

    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    names = {entry.name for entry in list_bundles(tmp_path / "models")}
    assert names == {"encoder", "toxicity", "injection", "grounding", "answer"}
    for task in ("toxicity", "injection", "grounding", "answer"):
        bundle = load_bundle(tmp_path / "models", task)
        assert bundle.manifest.datasets
        assert bundle.manifest.metrics["float.agreement"] >= 0.999
        assert (bundle.path / "README.md").stat().st_size > 1_000
        assert (tmp_path / "storage" / "bundles" / task / "1" / "manifest.json").exists()
        for drawing in ("loss.png", "loss.svg"):
            assert (tmp_path / "runs" / task / drawing).stat().st_size > 1_000
        assert (tmp_path / "review" / task / "rows.svg").exists()
    answer = load_bundle(tmp_path / "models", "answer").manifest.model
    assert isinstance(answer, QuestionAnswering)
    assert answer.weights.bias != 0


def test_an_unknown_option_shows_how_it_is_used(tmp_path: Path) -> None:
    done = _lifecycle(tmp_path / "none", "--frobnicate", "1")

    assert done.returncode == 2
    assert "scripts/lifecycle.sh --data DIR" in done.stderr
    assert not (tmp_path / "none").exists()
