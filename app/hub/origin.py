"""Where a model comes from: a repository of a hub or a folder, both as a list of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.bundles.manifest import Source

GRAPH_KIND = ".onnx"
SIDE_FILES = (
    "config.json",
    "generation_config.json",
    "genai_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "LICENSE",
    "LICENSE.txt",
    "NOTICE",
)
"""All that is looked at beside a graph and its weights."""

Advance = Callable[[int], object]
"""Told how many more bytes have come; a negative number takes some back."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One graph of a model, with the weights beside it."""

    graph: str
    """Its path."""
    weights: tuple[str, ...]
    """Files that begin with the graph's name: its external weights, most likely."""
    bytes: int
    """All of them together."""


class Origin(Protocol):
    """A model's files, wherever they lie. Paths are relative and have slashes."""

    name: str
    """The repository's or the folder's."""
    licence: str
    """As its card says; empty if it says nothing."""
    files: Mapping[str, int]
    """The size of each file."""

    def fetch(self, paths: Sequence[str], advance: Advance) -> Mapping[str, Path]:
        """Return where these files lie on this machine, checked as far as they can be.

        Raises:
            HubError: a file cannot be fetched, or is not what was promised.
            BundleError: a file is not safe to use.
        """

    def source(self, graph: str) -> Source | None:
        """Say where a graph comes from, if others can find it there too."""

    def forget(self) -> None:
        """Remove what was kept only until the bundle is written."""


def beside(files: Mapping[str, int], graph: str) -> dict[str, str]:
    """Return the path of each side file: the one nearest to the graph, from its folder upwards."""
    folder = graph.rpartition("/")[0]
    found: dict[str, str] = {}
    while True:
        for name in SIDE_FILES:
            path = f"{folder}/{name}" if folder else name
            if path in files:
                found.setdefault(name, path)
        if not folder:
            return found
        folder = folder.rpartition("/")[0]
