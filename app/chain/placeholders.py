"""What stands in one exchange for the texts that its filters hide, and how those are masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from filters import Finding, Range
from filters._text.surest import beside

MASK = "\N{FULL BLOCK}"
"""Stands for each character that a record may not hold, so that all positions stay."""

LONGEST_NAME = 64
"""Characters of a label that its placeholder shows."""

PLACEHOLDER = re.compile(rf"\[\w{{1,{LONGEST_NAME}}}_[0-9]{{1,12}}\]")

_UNNAMED = re.compile(r"\W")


class PlaceholderBook:
    """The placeholders of one exchange: the same text has the same one.

    It lives as long as its exchange, and nothing that is not handed over knows what it holds.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """Leave out what stands in these texts already: it means something else there."""
        self._unread = list(taken)
        self._read: set[str] = set()
        self._by_text: dict[tuple[str, str], str] = {}
        self._by_form: dict[tuple[str, str], str] = {}
        self._given: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._restorable: dict[str, str] = {}

    def leave_out(self, texts: Iterable[str]) -> None:
        """Leave out what stands in these texts too, which have come later.

        Of a placeholder that is given already nobody can tell any more what the model means by it,
        so its text does not come back.
        """
        self._unread += texts
        if self._restorable:
            for placeholder in self._taken:
                self._restorable.pop(placeholder, None)

    def placeholder(
        self, label: str, text: str, *, restore: bool, ignore_case: bool = False
    ) -> str:
        """Return what stands for a text.

        Args:
            label: of which the placeholder is made.
            text: what it stands for.
            restore: remember that the text shall come back.
            ignore_case: texts that differ only in case and white space are the same; what comes back
                is the first of them.
        """
        name = _UNNAMED.sub("_", label.upper())[:LONGEST_NAME] or "TEXT"
        form = (name, " ".join(text.casefold().split()))
        placeholder = self._by_text.get((name, text))
        if placeholder is None and ignore_case:
            placeholder = self._by_form.get(form)
        if placeholder is None:
            placeholder = self._by_text[name, text] = self._next(name)
        if ignore_case:
            self._by_form.setdefault(form, placeholder)
        if restore and placeholder not in self._taken:
            self._restorable.setdefault(placeholder, text)
        return placeholder

    def sparing(self, text: str, finding: Finding, *, numbers: bool) -> Finding | None:
        """Keep a finding off the placeholders that stand for something already.

        Args:
            text: in which its ranges stand.
            finding: of a filter that rewrites; without ranges it is about all of the text.
            numbers: what it finds becomes a placeholder too, and none stands in another.
        """
        if not self._given or not finding.ranges:
            return finding
        found = (one for one in PLACEHOLDER.finditer(text) if one[0] in self._given)
        given = [Range(one.start(), one.end(), one[0]) for one in found]
        ranges = [one for one in finding.ranges if not any(_holds(other, one) for other in given)]
        if numbers:
            ranges = list(beside(text, ranges, given))
        return replace(finding, ranges=tuple(ranges)) if ranges else None

    @property
    def restorable(self) -> Mapping[str, str]:
        """The texts that shall come back, by their placeholders."""
        return self._restorable

    @property
    def _taken(self) -> Set[str]:
        """Those that mean something else; looked for only once that matters."""
        for text in self._unread:
            self._read.update(found[0] for found in PLACEHOLDER.finditer(text))
        self._unread.clear()
        return self._read

    def _next(self, name: str) -> str:
        while True:
            self._numbers[name] = number = self._numbers.get(name, 0) + 1
            placeholder = f"[{name}_{number}]"
            if placeholder not in self._taken:
                self._given.add(placeholder)
                return placeholder


def _holds(outer: Range, inner: Range) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a text of the same length, with these stretches `[start, end)` out of sight."""
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        start, end = max(at, start), min(end, len(text))
        if start < end:
            pieces += [text[at:start], MASK * (end - start)]
            at = end
    return "".join([*pieces, text[at:]])
