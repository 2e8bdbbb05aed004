"""What is written passes its test and every check at once, and nothing is ever overwritten."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.chain import registry
from tests.commands import penstock, succeed

ROOT = Path(__file__).resolve().parents[4]
LONGEST = "a_name_as_long_as_is"


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={
            "PYTHONPATH": str(folder if (folder / "app").exists() else ROOT),
            "MYPYPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def checkout(empty_folder: Path) -> Path:
    """As much of a checkout as a filter and its test need."""
    without = shutil.ignore_patterns("__pycache__")
    for name in ("app", "filters"):
        shutil.copytree(ROOT / name, empty_folder / name, ignore=without)
    shutil.copy(ROOT / "pyproject.toml", empty_folder)
    return empty_folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a", LONGEST, "finding"])
def test_a_filter_in_the_checkout_passes_its_test_and_the_lint(checkout: Path, name: str) -> None:
    said = succeed("filters", "new", name)
    test = f"tests/filters/test_{name}.py"

    assert f"Next: python -m pytest {test}" in said
    run(checkout, "pytest", "-q", test)
    for command in (("check",), ("format", "--check")):
        run(checkout, "ruff", *command, "--no-cache", f"filters/{name}.py", test)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a", LONGEST])
def test_a_package_passes_its_test_and_all_checks(empty_folder: Path, name: str) -> None:
    succeed("filters", "new", name, "--package")
    package = empty_folder / f"penstock-{name.replace('_', '-')}"

    run(package, "pytest", "-q")
    for command in (("check",), ("format", "--check")):
        run(package, "ruff", *command, "--no-cache", ".")
    cache = f"--cache-dir={ROOT / '.mypy_cache'}"
    run(package, "mypy", cache, f"penstock_{name}", "tests")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Shouting",
        "_hidden",
        "a__b",
        "a_",
        "1st",
        "no-dash",
        "class",
        "a.b",
        "../a",
        "ä",
        "a" * 21,
    ],
)
def test_a_bad_name_is_refused(empty_folder: Path, name: str) -> None:
    result = penstock("filters", "new", "--package", "--", name)

    assert result.exit_code == 1
    assert "A filter's name has" in result.stderr
    assert list(empty_folder.iterdir()) == []


def test_a_name_that_is_taken_is_refused(empty_folder: Path) -> None:
    result = penstock("filters", "new", "keyword", "--package")

    assert result.exit_code == 1
    assert "There is a filter 'keyword' already, from filters/keyword." in result.stderr
    assert list(empty_folder.iterdir()) == []


def test_nothing_is_overwritten_and_nothing_else_is_written(empty_folder: Path) -> None:
    (empty_folder / "filters").mkdir()
    (empty_folder / "filters" / "__init__.py").touch()
    mine = empty_folder / "tests" / "filters" / "test_mine.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("# mine")
    result = penstock("filters", "new", "mine")

    assert result.exit_code == 1
    assert "is there already; nothing was written" in " ".join(result.stderr.split())
    assert mine.read_text() == "# mine"
    assert not (empty_folder / "filters" / "mine.py").exists()


def test_outside_of_a_checkout_only_a_package_is_written(empty_folder: Path) -> None:
    result = penstock("filters", "new", "mine")

    assert result.exit_code == 1
    assert "--package" in result.stderr
    assert list(empty_folder.iterdir()) == []


def test_a_package_names_its_filter_for_the_server(empty_folder: Path) -> None:
    succeed("filters", "new", "no_phones", "--package", "--folder", "mine")

    project = (empty_folder / "mine" / "penstock-no-phones" / "pyproject.toml").read_text()
    assert (
        f'[project.entry-points."{registry.GROUP}"]\nno_phones = "penstock_no_phones:NoPhones"'
        in project
    )
