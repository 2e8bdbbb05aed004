"""Find code by its looks: fences, and lines that no prose looks like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from filters.code.languages import ANY, PROSE, SIGNS, language

LONGEST_LINE = 200
"""Characters of a line that are looked at."""

UNKNOWN = "code"
"""What code of an unknown language is called."""

FENCED = 1.0
"""What a fence scores that names a language."""

UNNAMED = 0.6
"""What a fence scores at least that names none: it may hold a poem."""

STRUCTURE = 0.9
"""What lines score without a fence if all look like code."""

_GAP = 2
"""Blank lines, comments and lines like prose that may stand inside a piece of code."""

_LINE = re.compile(r"[^\n]*\n?")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*\{?\.?([\w+#.-]*)[^`\n]*$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of code and where it stands."""

    start: int
    end: int
    language: str
    score: float


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    """Without white space behind it."""
    text: str
    """Without white space around it."""


def pieces(text: str, *, fences: bool, structure: bool, min_lines: int) -> Iterator[Piece]:
    """Yield pieces of code in the order of the text; takes linear time."""
    lines = [
        _Line(found.start(), found.start() + len(found[0].rstrip()), found[0].strip())
        for found in _LINE.finditer(text)
        if found[0]
    ]
    loose: list[_Line] = []
    at = 0
    while at < len(lines):
        opening = _FENCE.match(text[lines[at].start : lines[at].end])
        if opening is None or _is_underline(lines, at, opening[1]):
            loose.append(lines[at])
            at += 1
            continue
        if structure:
            yield from _loose_pieces(loose, min_lines)
        loose = []
        closing = _closing(lines, at + 1, opening[1])
        if fences:
            yield _fenced(lines[at : closing + 1], opening[2])
        at = closing + 1
    if structure:
        yield from _loose_pieces(loose, min_lines)


def _is_underline(lines: Sequence[_Line], at: int, fence: str) -> bool:
    """Whether tildes stand below a heading and are as long as it is, as in reStructuredText."""
    above = lines[at - 1].text if at else ""
    return fence[0] == "~" and 0 < len(above) <= len(fence) == len(lines[at].text)


def _closing(lines: Sequence[_Line], at: int, fence: str) -> int:
    """Return the line that closes a fence; one that nothing closes ends with the text."""
    for number in range(at, len(lines)):
        written = lines[number].text
        if len(written) >= len(fence) and not written.strip(fence[0]):
            return number
    return len(lines) - 1


def _fenced(lines: Sequence[_Line], named: str) -> Piece:
    known = language(named)
    name, share = (known, 1.0) if known else _looks(lines[1:])
    score = 0.0 if known in PROSE else FENCED if known else max(UNNAMED, STRUCTURE * share)
    return Piece(lines[0].start, max(line.end for line in lines), name, score)


def _loose_pieces(lines: Sequence[_Line], min_lines: int) -> Iterator[Piece]:
    for block in _blocks(lines):
        name, share = _looks(block)
        num = sum(1 for line in block if line.text)
        score = STRUCTURE * share * min(1.0, num / min_lines)
        yield Piece(block[0].start, block[-1].end, name, score)


def _blocks(lines: Sequence[_Line]) -> Iterator[Sequence[_Line]]:
    """Yield stretches that begin and end with a line of code and have no long gap in between."""
    first = last = -1
    for number, line in enumerate(lines):
        if not _weight(line.text):
            continue
        if first >= 0 and number - last > _GAP + 1:
            yield lines[first : last + 1]
            first = -1
        first = number if first < 0 else first
        last = number
    if first >= 0:
        yield lines[first : last + 1]


def _looks(lines: Sequence[_Line]) -> tuple[str, float]:
    """Return the likeliest language and which share of the lines looks like code."""
    votes = Counter(name for line in lines for name in _languages(line.text))
    weights = [_weight(line.text) for line in lines if line.text]
    share = sum(weights) / len(weights) if weights else 0.0
    return (votes.most_common(1)[0][0] if votes else UNKNOWN), share


def _languages(line: str) -> list[str]:
    return [name for name, sign in SIGNS.items() if sign.match(line[:LONGEST_LINE])]


def _weight(line: str) -> float:
    """Return how much a line looks like code: 1 for a language's own words, less for the rest."""
    if not line:
        return 0.0
    if _languages(line):
        return 1.0
    return 0.8 if ANY.match(line[:LONGEST_LINE]) else 0.0
