"""A source's text with its structure, whatever format it was written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_HEADING_CHARS = 200
"""A longer heading is taken as a paragraph: headings travel with every passage below them."""


class Kind(StrEnum):
    """How a block may be divided."""

    PROSE = "prose"
    """Running text; sentence by sentence."""
    LINES = "lines"
    """A list, a table or code; line by line, and it belongs to the sentence before it."""


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, list, table or piece of code, as readable text without markup."""

    kind: Kind
    text: str
    path: tuple[str, ...] = ()
    """The headings it stands under, outermost first."""


@dataclass(frozen=True, slots=True)
class Document:
    """A source's title and its blocks in reading order."""

    title: str
    blocks: tuple[Block, ...]


class Outline:
    """Collects blocks under the headings they stand under."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._levels: list[int] = []
        self._path: list[str] = []
        self._is_bare = False
        self.title = ""
        """What the source calls itself; the first heading of the first level unless set before."""

    def add_heading(self, level: int, text: str) -> None:
        """Begin a section; level 1 is the outermost."""
        if not self._levels or level <= self._levels[-1]:
            self._keep_bare_heading()
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
            self._path.pop()
        heading = " ".join(text.split())
        if not heading:
            return
        if len(heading) > MAX_HEADING_CHARS:
            self.add_prose(heading)
            return
        self._levels.append(level)
        self._path.append(heading)
        self._is_bare = True
        if level == 1 and not self.title:
            self.title = heading

    def add_prose(self, text: str) -> None:
        """Add running text; its line breaks mean nothing."""
        self._add(Kind.PROSE, " ".join(text.split()))

    def add_lines(self, lines: Sequence[str]) -> None:
        """Add text whose lines stand for themselves; blank lines around it are dropped."""
        self._add(Kind.LINES, "\n".join(line.rstrip() for line in lines).strip("\n"))

    def finish(self, fallback_title: str) -> Document:
        """Return the document; the fallback is its title if the source has none."""
        self._keep_bare_heading()
        return Document(self.title or fallback_title, tuple(self._blocks))

    def _add(self, kind: Kind, text: str) -> None:
        if text.strip():
            self._blocks.append(Block(kind, text, tuple(self._path)))
            self._is_bare = False

    def _keep_bare_heading(self) -> None:
        # A heading with nothing under it would vanish: only blocks become passages.
        if self._is_bare:
            self._blocks.append(Block(Kind.PROSE, self._path[-1], tuple(self._path[:-1])))
            self._is_bare = False


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as one readable line a row, each cell with its column's name."""
    if not rows:
        return ["; ".join(filter(None, header))]
    names = list(header) + [""] * max(len(row) for row in rows)
    return [
        "; ".join(
            f"{name}: {cell}" if name else cell
            for name, cell in zip(names, row, strict=False)
            if cell
        )
        for row in rows
    ]
