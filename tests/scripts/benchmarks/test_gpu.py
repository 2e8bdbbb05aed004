from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.bundles import load_bundle
from app.settings import RuntimeSettings
from scripts.benchmarks import gpu, gpu_speed
from scripts.benchmarks import gpu_equality as equality
from scripts.benchmarks.engines.contenders import Contender
from scripts.benchmarks.engines.models import VERSION, Models
from scripts.benchmarks.engines.process import Absent
from scripts.benchmarks.engines.prompts import Prompts
from scripts.benchmarks.gpu_checks import Check
from scripts.benchmarks.peers.child import Asked
from tests.bundles import write_decoder

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "checkpoints" / gpu.MODEL).mkdir(parents=True)
    for precision in gpu_speed.PRECISIONS:
        write_decoder(
            tmp_path / "models", [b"One."], name=f"{gpu.MODEL}-{precision}", version=VERSION
        )
    monkeypatch.setattr(Models, "prompts", lambda self, model: None)
    return tmp_path


def test_without_a_driver_it_says_so_before_it_makes_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "expects_gpu", lambda settings: False)
    status = gpu.main(["--folder", str(tmp_path)])

    assert status == 3
    assert " ".join(capsys.readouterr().out.split()).endswith(gpu.NO_GPU)
    assert list(tmp_path.iterdir()) == []


def test_where_no_session_gets_the_gpu_it_says_so_and_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "expects_gpu", lambda settings: True)
    monkeypatch.setattr("app.runtime.opening.CUDA", "a provider that no build has")
    status = gpu.main(["--folder", str(folder)])

    assert status == 3
    assert " ".join(capsys.readouterr().out.split()).endswith(gpu.NO_GPU)


def test_the_script_says_so_too(tmp_path: Path) -> None:
    """Whatever is installed: this machine may have no GPU, or the script measures nothing."""
    if Path("/proc/driver/nvidia/version").exists():
        pytest.skip("there is a GPU")
    ended = subprocess.run(
        [ROOT / "scripts" / "bench_gpu.sh", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "200"},  # noqa: TID251  the program's
    )

    assert ended.returncode == 3, ended.stderr
    assert gpu.NO_GPU in " ".join(ended.stdout.split())


def test_preparing_makes_nothing_that_is_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gpu.main(["prepare", "--folder", str(folder)]) == 0
    assert "making it" not in capsys.readouterr().out


def test_a_check_that_failed_is_the_result(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [Check("one", "fast", None, {"tokens_per_s": 5.0}), Check("two", "cpu", False)]
    monkeypatch.setattr(gpu, "expects_gpu", lambda settings: True)
    monkeypatch.setattr(gpu, "_checks", lambda bundles, checkpoint, prompts: iter(found))
    file = folder / "found.json"

    assert gpu.main(["--folder", str(folder), "--json", str(file)]) == 1
    printed = capsys.readouterr().out
    assert "NOT WELL" in printed
    told = json.loads(file.read_text())
    assert json.loads(printed[printed.index("[\n {") :]) == told
    assert told[0]["figures"] == {"tokens_per_s": 5.0}


def test_texts_are_compared_alone_and_at_once(tmp_path: Path) -> None:
    write_decoder(tmp_path, [b"One ", b"two."], name="writer", version=VERSION)
    bundle = load_bundle(tmp_path, "writer")

    alone, together = equality.said(bundle, RuntimeSettings(provider="cpu", threads=1), ["a", "b"])

    assert alone == together
    assert alone == ["One two.", "One two."]


@pytest.mark.parametrize(("least", "is_well"), [(1, True), (2, True), (3, False)])
def test_so_many_must_be_the_same(least: int, *, is_well: bool) -> None:
    check = equality.same("both", ["a", "b", "c"], ["a", "b", "x"], least)

    assert check.is_well is is_well
    assert check.figures == {"same": 2, "of": 3}


@pytest.mark.parametrize(("contender", "is_well"), [("own", False), ("peer", None)])
def test_an_engine_that_is_absent_is_told(
    contender: str, is_well: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object, **__: object) -> None:
        raise Absent("not installed")

    monkeypatch.setattr(gpu_speed, "Process", absent)
    one: Contender = gpu_speed.own("fp16") if contender == "own" else gpu_speed.PEER

    (check,) = gpu_speed.checks(one, Path("m135"), None)  # type: ignore[arg-type]

    assert check.found == "not measured: not installed"
    assert check.is_well is is_well


class Greeting:
    """Makes the same prompt over and over."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def make(self, number: int, tokens: int, seed: int) -> list[Asked]:
        return [self._asked] * number


def test_every_number_of_requests_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By our own engine's process, here on a CPU."""
    pieces = [b"One ", b"two ", b"three"]
    write_decoder(tmp_path, pieces, name="m135-fp16", version=VERSION, ends=False)
    bundle = load_bundle(tmp_path, "m135-fp16")
    monkeypatch.setattr(gpu_speed, "CONCURRENCY", (1, 2))
    monkeypatch.setattr(gpu_speed, "PROVIDER", "cpu")
    monkeypatch.setattr(gpu_speed, "NEW_TOKENS", 6)
    greeting: Any = Greeting(Prompts(bundle)._asked("hi"))

    found = list(gpu_speed.checks(gpu_speed.own("fp16"), bundle.path, greeting, "off"))

    assert [check.figures.get("concurrency") for check in found] == [1, 2], found
    assert all(check.figures["tokens_per_s"] > 0 for check in found)
    assert found[0].name == "penstock fp16, CUDA graphs off: 1 at once"
