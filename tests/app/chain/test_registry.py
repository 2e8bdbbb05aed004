"""Mistakes of filter authors are told in a sentence, whatever they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import filters
from app.chain.registry import build, filter_class
from app.errors import FilterError
from tests.commands import penstock

FILTER = '''
from filters import Filter, Finding, Item, Options

class MineOptions(Options):
    limit: int = 3
    """Most of them."""

class Mine(Filter):
    """Finds nothing."""

    options_model = MineOptions
    {init}

    {check}(self, item: Item) -> Finding | None:
        return None
'''

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Put `mine.py` into the folder of filters."""

    def write(init: str = "", check: str = "async def check", text: str = FILTER) -> None:
        (tmp_path / "mine.py").write_text(text.format(init=init, check=check), encoding="utf-8")

    monkeypatch.setattr(filters, "__path__", [*filters.__path__, str(tmp_path)])
    yield write
    sys.modules.pop("filters.mine", None)


def test_a_filter_is_made_with_its_options(write: Write) -> None:
    write()

    assert build("mine", {"limit": 7}).options.model_dump() == {"limit": 7}


def test_an_unknown_option_is_told_with_the_one_that_was_meant(write: Write) -> None:
    write()

    with pytest.raises(FilterError, match=r"unknown option 'limt'; did you mean limit\?"):
        build("mine", {"limt": 7})
    with pytest.raises(FilterError, match=r"limit: .*integer.* \(options of mine: limit\)"):
        build("mine", {"limit": "many"})


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ("def __init__(self): pass", "cannot be made .*TypeError"),
        ("def __init__(self, options): {}['x']", "cannot be made .*KeyError"),
        ("def __init__(self, options): raise ValueError('no such list')", "^no such list$"),
    ],
)
def test_whatever_breaks_while_it_is_made_is_told(write: Write, init: str, message: str) -> None:
    write(init.replace("{}", "dict()"))

    with pytest.raises(FilterError, match=message):
        build("mine", {})


def test_a_check_that_cannot_be_awaited_is_refused(write: Write) -> None:
    write(check="def check")

    with pytest.raises(FilterError, match="must be an `async def`"):
        filter_class("mine")


@pytest.mark.parametrize("text", ["import nothing_of_this_name", "raise SystemExit(3)", "def ("])
def test_whatever_breaks_while_it_is_imported_is_told(write: Write, text: str) -> None:
    write(text=text)

    with pytest.raises(FilterError, match=r"^filters/mine\.py cannot be imported"):
        filter_class("mine")


def test_a_default_that_is_not_allowed_is_told(write: Write) -> None:
    options = "from pydantic import Field\n" + FILTER.replace("= 3", "= Field(0, ge=1)")
    write(text=options)

    with pytest.raises(FilterError, match=r"limit: .*greater than or equal to 1"):
        build("mine", {})


def test_an_unknown_filter_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(FilterError, match=r"no filter 'keywrd'; did you mean keyword\?"):
        filter_class("keywrd")


def test_two_of_one_name_are_told_with_where_they_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        about = tmp_path / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text("[penstock.filters]\ntwin = twin:Twin\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(FilterError, match=r"called 'twin' \(one 1\.0, other 1\.0\)"):
        filter_class("twin")


def test_a_broken_filter_hides_no_other_in_the_list(write: Write) -> None:
    write(text="import nothing_of_this_name")

    listed = penstock("filters", "list")

    assert listed.exit_code == 0
    assert "broken" in listed.stdout
    assert "keyword" in listed.stdout
