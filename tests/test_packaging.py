"""What is installed is what stands in the tree, and nothing can take its place."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import app

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
pytestmark = pytest.mark.check


@pytest.mark.parametrize("package", ["app", "filters"])
def test_the_path_holds_one_package_of_the_name(package: str) -> None:
    found = set()
    for entry in sys.path:
        spec = PathFinder.find_spec(package, [entry or "."])
        if spec and spec.origin:
            found.add(Path(spec.origin).resolve())

    assert found == {ROOT / package / "__init__.py"}


def test_tests_shadow_no_package() -> None:
    """`tests/filters` must never be taken for `filters`."""
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize(("extra", "runtime"), [("cpu", "onnxruntime"), ("gpu", "onnxruntime-gpu")])
def test_each_runtime_has_its_extra(extra: str, runtime: str) -> None:
    assert [Requirement(line).name for line in EXTRAS[extra]] == [runtime]


def test_nothing_else_brings_a_runtime_along() -> None:
    with_runtime = {"cpu", "gpu", "exporters"}
    others = [PROJECT["dependencies"], *(EXTRAS[n] for n in EXTRAS.keys() - with_runtime)]

    names = {Requirement(line).name for lines in others for line in lines}
    assert not {name for name in names if name.startswith("onnxruntime")}


def test_serving_needs_no_torch() -> None:
    pinned = pins("cpu").keys() | pins("gpu").keys()

    assert not pinned & {"torch", "transformers", "detoxify", "scipy", "pandas"}


@pytest.mark.parametrize("extra", ["cpu", "gpu"])
def test_the_image_gets_what_the_project_asks_for(extra: str) -> None:
    wanted = [*PROJECT["dependencies"], *EXTRAS[extra], *EXTRAS["embedded"]]
    pinned = pins(extra)

    for requirement in map(Requirement, wanted):
        versions = pinned.get(requirement.name.lower(), [])
        assert versions, f"{requirement.name} is missing: run `make lock`"
        assert all(map(requirement.specifier.contains, versions)), f"{requirement}: run `make lock`"


@pytest.mark.parametrize("name", ["build", "cpu", "gpu"])
def test_every_pin_has_hashes_and_names_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = text.replace("\\\n", " ").splitlines()[1:]

    assert entries
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert "--index" not in text


def pins(name: str) -> dict[str, list[str]]:
    """Return the pinned versions of a list; there are several where platforms differ."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        package, separator, rest = line.partition("==")
        if separator and not line.startswith(" "):
            found.setdefault(package.partition("[")[0].lower(), []).append(rest.split()[0])
    return found


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    run(sys.executable, "-m", *build, "--wheel-dir", folder, ROOT)
    return next(folder.glob("penstock-*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel, away from the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    options = ["--quiet", "--no-deps", "--no-index"]
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel)
    # What the wheel depends on is lent by this environment, but nothing of the project itself.
    lent = Path(pytest.__file__).parent.parent
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "lent.pth").write_text(f"{lent}\n")
    return folder / "bin"


def run(*command: Any, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sources(folder: str) -> Iterator[str]:
    for path in (ROOT / folder).rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield str(path.relative_to(ROOT))


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_the_migrations_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}

    migrations = {f"app/_{name}" for name in sources("migrations")}
    assert held == {*sources("app"), *sources("filters"), *migrations}
    assert "app/_migrations/env.py" in held


@pytest.mark.slow
def test_the_installed_command_works_anywhere(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import app; print(app.__file__)", cwd=tmp_path)
    version = run(installed / "penstock", "--version", cwd=tmp_path)
    settings = run(installed / "penstock", "settings", cwd=tmp_path)

    assert Path(where.strip()).is_relative_to(installed.parent)
    assert version == f"penstock {app.__version__}\n"
    assert tomllib.loads(settings)["port"] == 8000


@pytest.mark.slow
def test_the_installed_migrations_are_found(installed: Path, tmp_path: Path) -> None:
    ask = "from app.store.migrate import newest; print(newest())"

    here = run(sys.executable, "-c", ask, cwd=ROOT)
    there = run(installed / "python", "-c", ask, cwd=tmp_path)

    assert there == here != "None\n"
