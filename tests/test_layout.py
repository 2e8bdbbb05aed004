"""The shape of the tree: one filter, one file, one test; nothing grows too long."""

from __future__ import annotations

import inspect
import tomllib
from pathlib import Path

import pytest

from app.chain.registry import filter_class

ROOT = Path(__file__).parent.parent
LONGEST = 300
FILTERS = sorted(p.stem for p in (ROOT / "filters").glob("[!_]*.py"))
pytestmark = pytest.mark.check


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_has_a_test_of_its_name(name: str) -> None:
    assert (ROOT / "tests" / "filters" / f"test_{name}.py").is_file()


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_and_option_is_explained(name: str) -> None:
    cls = filter_class(name)

    options = cls.options_model.model_fields
    assert inspect.cleandoc(cls.__doc__ or "").partition("\n")[0].endswith(".")
    assert [key for key, field in options.items() if not field.description] == []


@pytest.mark.parametrize("folder", ["app", "filters", "migrations", "scripts", "tests"])
def test_no_file_is_too_long(folder: str) -> None:
    long = [
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST
    ]

    assert long == []


def test_the_page_on_structure_shows_the_layers_that_are_checked() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = rules["tool"]["importlinter"]["contracts"][1]["layers"]

    shown = "\n".join(layer.replace(" | ", " · ") for layer in layers)
    assert f"```\n{shown}\n```" in (ROOT / "docs" / "structure.md").read_text(encoding="utf-8")
