"""Find regular expressions, by RE2 only: its time is linear in the text whatever the pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from re import _parser  # type: ignore[attr-defined]  # the one place that knows a pattern's width

import re2

from filters._text.normalise import Normalised, as_written, normalise
from filters.keyword.spans import NO_EDGES, Edges, Span

UNBOUNDED = 100_000
"""From this width on a pattern counts as without bound."""

_NEEDS_ALL = re.compile(r"(?<!\[)\^|\$|\\[AzZ]|\[\[")
"""Anchors at the text's ends, and `[[:alpha:]]`, which only RE2 can read."""


class Patterns:
    """Regular expressions, ready to be looked for in a text and in its plain form.

    Raises:
        ValueError: a pattern is not RE2, matches nothing at all, or counts in bytes.
    """

    def __init__(self, patterns: Sequence[str], *, case_sensitive: bool = False) -> None:
        self._patterns = [
            _compile(pattern, number, case_sensitive=case_sensitive)
            for number, pattern in enumerate(patterns, 1)
        ]
        self._case_sensitive = case_sensitive
        self.width = max(map(width, patterns), default=0)

    def find(self, text: str, edges: Edges = NO_EDGES) -> Iterator[Span]:
        """Yield where patterns match, as written and in plain form, in no order."""
        if not self._patterns or not text:
            return
        for reading in self._readings(text):
            for span in self._matches(reading):
                if edges.keeps(span, reading):
                    yield span

    def _readings(self, text: str) -> list[Normalised]:
        written = as_written(text)
        if self._case_sensitive:
            return [written]
        plain = normalise(text)
        return [written] if plain.text == written.text.lower() else [written, plain]

    def _matches(self, reading: Normalised) -> Iterator[Span]:
        for pattern in self._patterns:
            for match in pattern.finditer(reading.text):
                start, end = match.span()
                if end > start:
                    yield reading.original_range(start, end)


def width(pattern: str) -> int:
    """Return the most characters a pattern matches; `UNBOUNDED` where that cannot be told.

    A pattern that asks for the beginning or end of the text needs the whole of it.
    """
    if _NEEDS_ALL.search(pattern):
        return UNBOUNDED
    try:
        return min(int(_parser.parse(pattern).getwidth()[1]), UNBOUNDED)
    except (re.error, OverflowError, RecursionError):
        return UNBOUNDED


def _compile(pattern: str, number: int, *, case_sensitive: bool) -> re2._Regexp:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.log_errors = False
    if r"\C" in pattern:
        raise ValueError(rf"pattern {number} counts in bytes (\C), where text has characters")
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0]
        reason = reason.decode() if isinstance(reason, bytes) else "it is not valid Unicode"
        raise ValueError(f"pattern {number} is not valid for RE2: {reason}") from error
    if compiled.search(""):
        raise ValueError(f"pattern {number} matches the empty text, so it would match everywhere")
    return compiled
