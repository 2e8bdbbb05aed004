"""What the pages on filters show works as it stands there."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import filters
from app.chain.registry import build, filter_class, filter_names
from app.settings import ChainEntry
from filters import Context, Filter, Stage

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "filters.md").read_text(encoding="utf-8")
BUILT_IN = (DOCS / "built-in-filters.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FILTER, TEST, WITH_SETUP = (body for kind, body in BLOCKS if kind == "python")
CHAIN, ENTRY_POINT = (tomllib.loads(body) for kind, body in BLOCKS if kind == "toml")


@pytest.fixture
def _shouting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the page's filter into the folder of filters, as its reader would."""
    (tmp_path / "shouting.py").write_text(FILTER, encoding="utf-8")
    monkeypatch.setattr(filters, "__path__", [*filters.__path__, str(tmp_path)])
    yield
    sys.modules.pop("filters.shouting", None)


@pytest.mark.usefixtures("_shouting")
async def test_the_pages_test_passes() -> None:
    tests = runs_of(TEST)

    assert len(tests) == 2
    for run in tests:
        await run()


async def test_the_pages_test_of_a_filter_with_setup_passes() -> None:
    (run,) = runs_of(WITH_SETUP)

    await run()


def runs_of(code: str) -> list[Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "docs/filters.md", "exec"), names)  # noqa: S102 - it is our own page
    return [run for name, run in names.items() if name.startswith("test_")]


def test_every_part_of_the_contract_is_named() -> None:
    names = {name for name in vars(Filter) if not name.startswith("_")}
    names |= {field.name for field in fields(Context)}

    assert {name for name in names if name not in PAGE} == set()


@pytest.mark.usefixtures("_shouting")
def test_the_pages_settings_place_the_filter() -> None:
    entry = ChainEntry.model_validate(CHAIN["chain"][0])

    assert "shouting" in filter_names()
    assert build(entry.filter, entry.options).options.model_dump() == {"shortest": 12}


def test_the_entry_point_group_is_the_one_that_is_read() -> None:
    from app.chain.registry import GROUP

    assert list(ENTRY_POINT["project"]["entry-points"]) == [GROUP]


def test_the_table_names_every_filter_with_its_stages() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", BUILT_IN, re.MULTILINE))

    # The filters of the project; whoever adds one for themselves need not name it here.
    assert {"keyword", "toxicity", "retrieval", "grounding"} <= set(rows) <= set(filter_names())
    for name, stages in rows.items():
        expected = {"all": set(Stage), "input": {Stage.INPUT}, "output": {Stage.OUTPUT}}[stages]
        assert filter_class(name).stages == expected


def test_every_option_the_page_names_exists() -> None:
    options = {
        field for name in filter_names() for field in filter_class(name).options_model.model_fields
    }

    for word in ("whole_words", "patterns", "pattern_width", "labels", "thresholds"):
        assert f"`{word}`" in BUILT_IN
        assert word in options
