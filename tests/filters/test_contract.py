"""Every filter is one documented class in one file or package, with a test of its name."""

from __future__ import annotations

import inspect
from pathlib import Path
from pkgutil import iter_modules

import pytest

import filters
from app.chain.registry import filter_class
from filters import Filter, Options

FOLDER = Path(filters.__file__).parent
TESTS = Path(__file__).parent
pytestmark = pytest.mark.check
NAMES = sorted(module.name for module in iter_modules([str(FOLDER)]) if module.name[0] != "_")


def test_there_are_filters() -> None:
    assert {"grounding", "keyword", "retrieval", "toxicity"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_holds_one_documented_filter_of_its_name(name: str) -> None:
    found = filter_class(name)

    assert found.__name__.lower() == name.replace("_", "")
    assert found.__doc__ != Filter.__doc__
    assert inspect.cleandoc(found.__doc__ or "").partition("\n")[0].endswith(".")
    assert found.check is not Filter.check


@pytest.mark.parametrize("name", NAMES)
def test_a_filter_has_a_test_of_its_name(name: str) -> None:
    assert "async def test_" in (TESTS / f"test_{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_options_are_typed_frozen_and_documented(name: str) -> None:
    options = filter_class(name).options_model

    assert issubclass(options, Options)
    assert options.model_config.get("frozen") is True
    assert options.model_config.get("extra") == "forbid"
    assert all(field.description for field in options.model_fields.values())
