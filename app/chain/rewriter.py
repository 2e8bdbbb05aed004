"""A rewriting filter as a step in the stream: text goes in, changed text comes out."""

from __future__ import annotations

from dataclasses import replace

from app.chain.edits import Edits
from app.chain.failures import CheckFailed
from app.chain.placeholders import PlaceholderBook
from app.chain.tally import Tally
from app.chain.turn import Turn
from app.chain.units import Piece, splitter
from app.errors import PenstockError
from app.exchange import Edit
from filters import Context, Finding, Range, Stage


class Rewriter:
    """One rewriting instance on one text; holds back what it has not judged yet."""

    def __init__(
        self,
        tally: Tally,
        context: Context,
        base: int,
        before: tuple[Rewriter, ...],
        book: PlaceholderBook,
        turn: Turn,
    ) -> None:
        self._instance = tally.instance
        self._tally = tally
        self._context = context
        self._base = base
        self._before = before
        self._book = book
        self._turn = turn
        self._splitter = splitter(self._instance.filter.unit, context.stage)
        self._held = ""
        self._held_from = 0
        """Where the held text begins in the text that came in."""
        self._emitted = 0
        self.edits = Edits()
        """In positions of the text that came in."""
        self._later: list[Range] = []
        """Found already, but beyond where its unit settled the text."""
        self.failure: PenstockError | None = None

    def units(self, text: str, *, last: bool) -> list[Piece]:
        """Take more text; return the units it completed."""
        # Cut here and not as text leaves: there may be a unit, and an edit, in every few characters.
        self._held = self._held[self._emitted - self._held_from :] + text
        self._held_from = self._emitted
        pieces = self._splitter.feed(text)
        return [*pieces, *self._splitter.finish()] if last else pieces

    async def rewrite(self, piece: Piece) -> str:
        """Judge a unit; return the changed text up to where it is settled.

        After a failure that may not pass, `failure` is set and nothing more comes out.
        """
        finding = await self._check(piece)
        if self.failure:
            return ""
        return self._emit(piece.settled, self._replacements(piece, finding))

    def rest(self) -> str:
        """Return what is left after the last unit: white space."""
        return self._take(self._held_from + len(self._held))

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a range of the text that came out to the whole text before all rewriting."""
        return self._from_input(*self.edits.to_input(start, end))

    @property
    def conceals(self) -> bool:
        """Whether what it replaces may not be recorded."""
        return self._instance.conceals

    @property
    def judged_to(self) -> int:
        """Up to where it has judged the whole text before all rewriting."""
        return self._from_input(self._emitted, self._emitted)[0]

    def original_edits(self) -> list[Edit]:
        """Return this rewriter's edits in positions of the whole text before all rewriting."""
        return [
            Edit(*self._from_input(edit.start, edit.end), edit.replacement) for edit in self.edits
        ]

    def _from_input(self, start: int, end: int) -> tuple[int, int]:
        if self._before:
            return self._before[-1].to_original(start, end)
        return start + self._base, end + self._base

    async def _check(self, piece: Piece) -> Finding | None:
        check = await self._turn.measure(self._instance, piece.item(self._context))
        self._tally.duration_ms += check.took_ms
        result = check.result
        if not isinstance(result, CheckFailed):
            numbers = self._instance.filter.placeholders is not None
            return result and self._book.sparing(piece.text, result, numbers=numbers)
        self._tally.fail(result.kind)
        if self._instance.fails_closed(result.kind):
            self.failure = self._instance.failure(result)
        return None

    def _replacements(self, piece: Piece, finding: Finding | None) -> list[Range]:
        """Return what is replaced now: all that was found, each character once."""
        wanted, self._later = self._later, []
        if self._tally.add(finding, piece.start, self._from_input) and finding is not None:
            ranges = self._instance.ranges(finding)
            if not ranges and piece.text:
                ranges = (Range(0, len(piece.text), finding.label),)
            wanted += [_moved(found, piece.start) for found in ranges]
        replaced: list[Range] = []
        at = self._emitted
        for found in sorted(wanted, key=lambda found: (found.start, -found.end)):
            start = max(at, found.start)
            if found.start >= piece.settled:
                self._later.append(found)
            elif start < found.end:
                replaced.append(replace(found, start=start))
                at = found.end
        return replaced

    def _emit(self, settled: int, replaced: list[Range]) -> str:
        out = ""
        for found in replaced:
            out += self._take(found.start)
            replacement = self._replacement(found, self._take(found.end))
            self.edits.append(Edit(found.start, found.end, replacement))
            out += replacement
        return out + self._take(settled)

    def _replacement(self, found: Range, text: str) -> str:
        placeholders = self._instance.filter.placeholders
        if found.replacement is not None:
            return found.replacement
        if placeholders is None:
            return f"[{found.label}]"
        restore = placeholders.restore and self._context.stage is Stage.INPUT
        return self._book.placeholder(
            found.label, text, restore=restore, ignore_case=placeholders.ignore_case
        )

    def _take(self, until: int) -> str:
        """Take held text up to a position, which may lie behind an edit already."""
        start, self._emitted = self._emitted, max(self._emitted, until)
        return self._held[start - self._held_from : self._emitted - self._held_from]


def _moved(found: Range, offset: int) -> Range:
    return replace(found, start=found.start + offset, end=found.end + offset)
