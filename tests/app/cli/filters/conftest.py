"""A chain in the folder of the command, and filters of one's own beside the built-in ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import filters

CHAIN = """
[[chain]]
id = "blocklist"
filter = "keyword"
stage = "input"
action = "block"
options = { words = ["bomb"] }

[[chain]]
id = "names"
filter = "keyword"
stage = "output"
action = "rewrite"
options = { words = ["Ann"], replacement = "[name]" }

[[chain]]
id = "switched-off"
filter = "keyword"
stage = "input"
mode = "off"
options = { words = ["gun"] }

[[chain]]
id = "search"
filter = "retrieval"
stage = "input"
"""

Bring = Callable[[str, str], None]


@pytest.fixture
def _chain(empty_folder: Path) -> None:
    (empty_folder / "penstock.toml").write_text(CHAIN, encoding="utf-8")


@pytest.fixture
def bring(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bring]:
    """Write a filter as its author would."""
    folder, brought = tmp_path_factory.mktemp("filters"), []
    monkeypatch.setattr(filters, "__path__", [*filters.__path__, str(folder)])

    def write(name: str, code: str) -> None:
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
        brought.append(name)

    yield write
    for name in brought:
        sys.modules.pop(f"filters.{name}", None)
