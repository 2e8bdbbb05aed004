"""Find regular expressions, by RE2 only: its time is linear in the text whatever the pattern."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from filters._text.edges import NO_EDGES, Edges, Span
from filters._text.normalise import Normalised, as_written, normalise
from filters._text.patterns import compile_pattern, width


class Patterns:
    """Regular expressions, ready to be looked for in a text and in its plain form.

    Raises:
        ValueError: a pattern is not RE2, matches nothing at all, or counts in bytes.
    """

    def __init__(self, patterns: Sequence[str], *, case_sensitive: bool = False) -> None:
        self._patterns = [
            compile_pattern(pattern, f"pattern {number}", case_sensitive=case_sensitive)
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
