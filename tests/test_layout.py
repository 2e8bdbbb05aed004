"""The shape of the tree: nothing grows too long."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST = 300
pytestmark = pytest.mark.check


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
