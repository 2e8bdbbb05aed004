"""Find source code in a text."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from filters import Canary, Filter, Finding, Item, Options, Range, Unit, in_thread
from filters.code.languages import language
from filters.code.structure import UNKNOWN, Piece, pieces

LONG_TEXT = 1_000
"""Longer texts are read beside the event loop."""


class CodeOptions(Options):
    """What counts as code, and of which languages."""

    allow: tuple[str, ...] = ()
    """Languages that do not count: `python`, `sql`, `bash`, or any other name that a fence may
    give one."""
    deny: tuple[str, ...] = ()
    """Languages that count; all others then do not. None means all."""
    fences: bool = True
    """Find code between fences of three or more backticks or tildes: 1 if the fence names a
    language, else 0.6 to 0.9 by its looks."""
    structure: bool = True
    """Find code without fences, by lines that no prose looks like: up to 0.9."""
    min_lines: int = Field(3, ge=1, le=1_000)
    """Lines that code without fences must have for its full score; with fewer it has a share."""


class Code(Filter):
    """Scores how certainly there is source code in a text."""

    options_model = CodeOptions
    options: CodeOptions
    unit = Unit.document()  # a fence opens in one sentence and closes in another

    def __init__(self, options: CodeOptions) -> None:
        super().__init__(options)
        if options.allow and options.deny:
            raise ValueError("allow and deny: one of them is enough")
        if not (options.fences or options.structure):
            raise ValueError("fences and structure: without both nothing is found")
        self._allow = _languages("allow", options.allow)
        self._deny = _languages("deny", options.deny)

    async def check(self, item: Item) -> Finding | None:
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item.text)
        return self._look(item.text)

    def canaries(self) -> Sequence[Canary]:
        good = Canary("Dear Ada,\n\nthe gate opens at nine; bring a coat.\n\nYours, Eve", bad=False)
        if not self.options.fences:
            return [good]
        name = next(iter(sorted(self._deny)), None) or next(
            name
            for name in ("python", "sql", "bash", "rust", "go", "zig")
            if name not in self._allow
        )
        return [Canary(f"Run this:\n```{name}\nx\n```", bad=True), good]

    def _look(self, text: str) -> Finding | None:
        options = self.options
        found = pieces(
            text, fences=options.fences, structure=options.structure, min_lines=options.min_lines
        )
        ranges = tuple(
            Range(piece.start, piece.end, piece.language, piece.score)
            for piece in found
            if self._counts(piece)
        )
        if not ranges:
            return None
        worst = max(ranges, key=lambda one: one.score)
        return Finding(worst.score, worst.label, ranges)

    def _counts(self, piece: Piece) -> bool:
        if piece.score == 0 or piece.language in self._allow:
            return False
        return not self._deny or piece.language in self._deny


def _languages(option: str, names: Sequence[str]) -> frozenset[str]:
    found = {name: UNKNOWN if name == UNKNOWN else language(name) for name in names}
    for name, known in found.items():
        if known is None:
            raise ValueError(f"{option}: there is no language {name!r}")
    return frozenset(known for known in found.values() if known)
