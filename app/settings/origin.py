"""Where each setting came from: the line of the file, or the environment variable."""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as PathOfFile
from typing import Any

PREFIX = "PENSTOCK_"
SEPARATOR = "__"

Path = Sequence[str | int]
"""Keys and positions from the top down: `("chain", 3, "threshold")`."""

# What may hide a line end or a bracket in TOML, then the brackets and line ends themselves.
_TOKEN = re.compile(
    r"'''.*?'''+|\"\"\"(?:\\.|[^\\])*?\"\"\"+|'[^'\n]*'|\"(?:\\.|[^\"\\\n])*\"|#[^\n]*|[\[\]{}\n]",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The file and the environment variables that settings were read from."""

    file: str = ""
    """Name of the file; empty if there was none."""
    text: str = ""
    variables: frozenset[str] = frozenset()
    path: PathOfFile | None = None
    """The whole path of the file; None if there was none."""

    def locate(self, path: Path) -> str:
        """Name the place of a setting, or of the nearest one above it that was written.

        Returns `penstock.toml:12`, the name of an environment variable, or `defaults`.
        """
        for end in range(len(path), 0, -1):
            if (name := variable(path[:end])) in self.variables:
                return name
        line = line_of(self.text, path)
        if line is not None:
            return f"{self.file}:{line}"
        return self.file or "defaults"

    def mentions(self, path: Path) -> bool:
        """Whether the setting itself was written, rather than left at its default."""
        if variable(path) in self.variables:
            return True
        return bool(self.text) and _depth(tomllib.loads(self.text), path) == len(path)


def dotted(path: Path) -> str:
    """Write a path as people do: `chain[3].threshold`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def variable(path: Path) -> str:
    """Return the environment variable that sets a path: `PENSTOCK_LIMITS__REQUEST_S`."""
    return PREFIX + SEPARATOR.join(str(part) for part in path).upper()


def line_of(text: str, path: Path) -> int | None:
    """Return the line (from 1) whose statement sets the path, or what of it is there."""
    statements = list(_statements(text))
    depth = _depth_of(text, path)
    if depth == 0:
        return None
    # A longer beginning of the file never knows less, so the first that knows enough is found
    # by halving.
    first = bisect.bisect_left(
        statements, depth, key=lambda statement: _depth_of(text[: statement[1]], path)
    )
    return statements[first][0]


def _statements(text: str) -> Iterator[tuple[int, int]]:
    """Yield each statement's first line and the offset just after its last one."""
    line, start, nesting = 1, 1, 0
    for token in _TOKEN.finditer(text):
        mark = token.group()
        line += mark.count("\n")
        if mark in "[{":
            nesting += 1
        elif mark in "]}":
            nesting -= 1
        elif mark == "\n" and nesting <= 0:
            yield start, token.end()
            start = line
    yield start, len(text)


def _depth_of(text: str, path: Path) -> int:
    try:
        return _depth(tomllib.loads(text), path)
    except tomllib.TOMLDecodeError:
        return 0


def _depth(value: Any, path: Path) -> int:
    """Count how many parts of the path lead somewhere."""
    for depth, part in enumerate(path):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(path)
