import json
import sys
from pathlib import Path

import pytest

from scripts import install


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script's environment is an empty folder of the test's own."""
    folder = tmp_path / ".venv"
    monkeypatch.setattr(install, "VENV", folder)
    monkeypatch.setattr(install, "PYTHON", folder / "bin" / "python")
    monkeypatch.setattr(install, "STAMP", folder / "installed.json")
    monkeypatch.setattr(install, "LOG", folder / "install.log")
    return folder


def pretend(venv: Path, *extras: str, digest: str | None = None) -> None:
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    stamp = {"digest": digest or install.dependencies_digest(), "extras": list(extras)}
    (venv / "installed.json").write_text(json.dumps(stamp))


def test_what_is_installed_is_not_installed_again(
    venv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(venv, "cpu", "embedded", "test")

    assert install.main(["cpu", "embedded"]) == 0
    assert capsys.readouterr().out == ""


def test_another_extra_or_other_dependencies_are_not_there_yet(venv: Path) -> None:
    assert install.installed("x") == set()

    pretend(venv, "cpu", digest="x")
    assert install.installed("x") == {"cpu"}
    assert install.installed("y") == set()

    (venv / "bin" / "python").unlink()
    assert install.installed("x") == set()


def test_a_garbled_stamp_counts_as_none(venv: Path) -> None:
    pretend(venv, "cpu")
    (venv / "installed.json").write_text("{")

    assert install.installed(install.dependencies_digest()) == set()


def test_a_full_disk_is_told_before_anything_is_done(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(install.DISK_MB, "serve", 10**9)

    assert install.main(["cpu"]) == 1
    assert "MB are needed. Make room, then retry." in capsys.readouterr().err
    assert not venv.exists()


def test_a_python_without_venv_is_told_how_to_get_it(
    venv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho ensurepip is not available\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))

    assert install.main(["cpu"]) == 1
    told = capsys.readouterr().err
    assert "apt install python3-venv" in told
    assert "ensurepip is not available" in told
    assert not venv.exists()


def test_what_pip_says_last_is_told(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    venv.joinpath("bin").mkdir(parents=True)
    pip = venv / "bin" / "python"
    pip.write_text("#!/bin/sh\necho Collecting x\necho ERROR: no such package\nexit 1\n")
    pip.chmod(0o755)
    monkeypatch.setattr(install, "make_venv", lambda: None)

    assert install.main(["cpu"]) == 1
    assert "ERROR: no such package" in capsys.readouterr().err
    assert not install.STAMP.exists()


def test_the_other_runtime_leaves_first(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(venv, "cpu", "embedded")
    done: list[str] = []
    monkeypatch.setattr(install, "run", lambda command: done.append(" ".join(map(str, command))))
    monkeypatch.setattr(install, "pip_install", lambda title, _: done.append(title))
    monkeypatch.setattr(install, "make_venv", lambda: None)
    monkeypatch.setitem(install.DISK_MB, "gpu", 0)

    assert install.main(["gpu", "embedded"]) == 0
    assert done[0].endswith("uninstall --yes onnxruntime")
    assert done[1] == "Installing Penstock (embedded, gpu)"
    assert install.installed(install.dependencies_digest()) == {"gpu", "embedded"}
