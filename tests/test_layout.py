"""The shape of the tree: one filter, one file, one test; nothing grows too long."""

from __future__ import annotations

import inspect
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
