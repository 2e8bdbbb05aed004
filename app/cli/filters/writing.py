"""`penstock filters new`: a filter with its test, to begin from."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from app.cli.filters.group import app
from app.errors import FilterError

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 20
"""Longer names would break the lines of what is written."""
_IMPORTED = ("Sequence", "Field", "None", "True", "False")
"""What the files use beside the contract."""
_CONTRACT = "from filters import Canary, Filter, Finding, Item, Options, Range, Unit"
_FIELD = "from pydantic import Field"
_KIT = "from app.testing import conformance\nfrom filters import Context, Item, Stage"


@app.command("new")
def new_filter(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and `_`: no_phones.")],
    package: Annotated[
        bool,
        typer.Option("--package", help="Write a package that brings the filter: penstock-NAME/."),
    ] = False,
    folder: Annotated[
        Path,
        typer.Option(help="Where to write: a checkout of Penstock, or anywhere for a package."),
    ] = Path(),
) -> None:
    """Write a new filter and its test, which passes at once. Nothing is overwritten."""
    check_name(name)
    written = _package_files(name) if package else _checkout_files(name, folder)
    _write(folder, written)
    for path in written:
        typer.echo(f"written  {folder / path}")
    typer.echo(f"\nNext: {_next(name, folder, is_package=package)}")


def check_name(name: str) -> None:
    """Accept a name that a filter can have and that none has yet.

    Raises:
        FilterError: it cannot be a module's name, or it is taken.
    """
    from app.chain.registry import filter_names, filter_origin

    if not _NAME.fullmatch(name) or len(name) > _LONGEST or keyword.iskeyword(name):
        raise FilterError(
            "A filter's name has lower-case letters, digits and single `_`, begins with a letter, "
            f"has at most {_LONGEST} characters and is no word of Python's own: no_phones."
        )
    if name in filter_names():
        raise FilterError(f"There is a filter {name!r} already, from {filter_origin(name)}.")


def _checkout_files(name: str, folder: Path) -> dict[Path, str]:
    """Return the two files of a filter in a checkout.

    Raises:
        FilterError: the folder is none.
    """
    if not (folder / "filters" / "__init__.py").is_file():
        raise FilterError(
            f"{folder.resolve()} has no folder of filters. Run this in a checkout of Penstock, "
            "or write a package: --package."
        )
    words = _words(name, f"filters.{name}")
    filter_imports, test_imports = f"{_FIELD}\n\n{_CONTRACT}", f"import pytest\n\n{_KIT}"
    test = Path("tests", "filters", f"test_{name}.py")
    return {
        Path("filters", f"{name}.py"): _fill("filter.py", words, filter_imports),
        test: _fill("test.py", words, test_imports),
    }


def _package_files(name: str) -> dict[Path, str]:
    """Return the files of a package that brings one filter.

    To it Penstock is a foreign package, so its imports stand in another order.
    """
    words = _words(name, f"penstock_{name}")
    filter_imports, test_imports = f"{_CONTRACT}\n{_FIELD}", f"import pytest\n{_KIT}\n"
    root = Path(words["distribution"])
    return {
        root / "pyproject.toml": _fill("pyproject.toml", words),
        root / "README.md": _fill("README.md", words),
        root / words["package"] / "__init__.py": _fill("filter.py", words, filter_imports),
        root / words["package"] / "py.typed": "",
        root / "tests" / f"test_{name}.py": _fill("test.py", words, test_imports),
    }


def _words(name: str, module: str) -> dict[str, str]:
    return {
        "name": name,
        "title": name.replace("_", " "),
        "class_name": _class_name(name),
        "module": module,
        "package": module,
        "distribution": f"penstock-{name.replace('_', '-')}",
    }


def _class_name(name: str) -> str:
    """Return a name that hides none of the contract's: the filter `range` is a `RangeFilter`."""
    import filters

    written = "".join(part.capitalize() for part in name.split("_"))
    return f"{written}Filter" if written in (*filters.__all__, *_IMPORTED) else written


def _fill(template: str, words: dict[str, str], imports: str = "") -> str:
    text = files("app.cli.filters").joinpath("templates", f"{template}.txt").read_text("utf-8")
    return Template(text).substitute(words, imports=imports)


def _write(folder: Path, written: dict[Path, str]) -> None:
    """Write all files or none.

    Raises:
        FilterError: one is there already, or the folder cannot be written.
    """
    for path in written:
        if (folder / path).exists():
            raise FilterError(f"{folder / path} is there already; nothing was written.")
    try:
        for path, text in written.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            with (folder / path).open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise FilterError(f"{folder} cannot be written: {error.strerror}.") from error


def _next(name: str, folder: Path, *, is_package: bool) -> str:
    if is_package:
        root = folder / _words(name, "")["distribution"]
        return f'python -m pip install -e "{root}[test]", then python -m pytest {root}'
    return f"python -m pytest {folder / 'tests' / 'filters' / f'test_{name}.py'}"
