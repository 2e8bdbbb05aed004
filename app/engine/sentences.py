"""Cutting passages into sentences.

Passages are pieces of Markdown, HTML or PDF text: headings, list items, table rows and lines of
code are sentences of their own, and paragraphs are cut at their punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

Span = tuple[int, int]
"""`[start, end)` in the text."""

REMEMBERED_CHARS = 4_000
"""Passages of the sources come again and again; longer texts are a client's own."""
MAX_CHARS = 1_000
"""A longer stretch without an end is cut at a space."""

FENCE = re.compile(r"\s{0,3}(```|~~~)")
RULE = re.compile(r"\s*([-=*_|:+]\s*){3,}$")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
QUOTE = re.compile(r"\s{0,3}>\s?")
ROW = re.compile(r"\s*\|")
INDENTED = re.compile(r"(?: {4}|\t)")

# The look-behind keeps it linear: a run of marks is tried from its beginning only.
END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)\]*_]*+(?=\s)|[。！？]++[”」』）]*+"  # noqa: RUF001  the marks meant
)
CODE = re.compile(r"`[^`\n]+`")
INITIAL = re.compile(r"(?:^|[\s(])(?:[^\W\d_]\.)*[^\W\d_]$")
ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        """
        approx art bzw ca cf ch dr e.g eg eq et eqn esp fig figs gen i.e ie jr mr mrs ms no nos nr
        p pp pres prof rev sec sect st u.s usw v vgl viz vol vs z.b
        """,
    )
)


def split_sentences(text: str) -> tuple[Span, ...]:
    """Return the ranges of the sentences, without markers and surrounding space.

    The same text always gives the same ranges; they are in order and never overlap.
    """
    return _remembered(text) if len(text) <= REMEMBERED_CHARS else _split(text)


def _split(text: str) -> tuple[Span, ...]:
    return tuple(
        piece
        for start, end, is_prose in _blocks(text)
        for sentence in (_sentences(text, start, end) if is_prose else ((start, end),))
        for piece in _pieces(text, *sentence)
    )


_remembered = lru_cache(maxsize=1_024)(_split)


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield paragraphs and list items (prose), and single lines of everything else."""
    fence = ""
    start = end = -1  # of the open paragraph
    for line_start, line in _lines(text):
        line_end = line_start + len(line)
        if (mark := FENCE.match(line)) and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
            kind = "nothing"
        else:
            kind = "line" if fence else _kind(line, is_open=start >= 0)
        if kind != "more" and start >= 0:
            yield start, end, True
            start = -1
        if kind == "line":
            yield line_start + _marker(line), line_end, False
        elif kind in ("begin", "more"):
            start = line_start + _marker(line) if start < 0 else start
            end = line_end
    if start >= 0:
        yield start, end, True


def _kind(line: str, *, is_open: bool) -> str:
    """Say what a line outside of code does: `nothing`, a `line` of its own, `begin`, `more`."""
    if not line.strip() or RULE.match(line):
        return "nothing"
    if HEADING.match(line) or ROW.match(line):
        return "line"
    if ITEM.match(line):
        return "begin"
    if is_open:
        return "more"
    return "line" if INDENTED.match(line) else "begin"


def _marker(line: str) -> int:
    """Return the length of what only marks the line as a heading, a quote or an item."""
    size = 0
    for mark in (QUOTE, HEADING, ITEM):
        if found := mark.match(line, size):
            size = found.end()
    return size


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, line
        start += len(line)


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Cut a paragraph where a sentence ends and another begins."""
    code = [found.span() for found in CODE.finditer(text, start, end)]
    for mark in END.finditer(text, start, end):
        while code and code[0][1] <= mark.start():
            code.pop(0)
        if code and code[0][0] < mark.start():
            continue
        if _ends_sentence(text, start, mark, end):
            yield start, mark.end()
            start = mark.end()
    yield start, end


def _ends_sentence(text: str, start: int, mark: re.Match[str], end: int) -> bool:
    after = text[mark.end() : min(mark.end() + 20, end)].lstrip()
    if not after or after[0].islower():
        return not after
    if mark[0] != ".":
        return True
    before = text[max(start, mark.start() - 20) : mark.start()]
    word = (before.split() or [""])[-1].lstrip("([\"'*_").lower()
    return word not in ABBREVIATIONS and not INITIAL.search(before)


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """Trim the space around, and cut what is too long to be one sentence."""
    while start < end:
        while start < end and text[start].isspace():
            start += 1
        cut = end
        if end - start > MAX_CHARS:
            cut = max(text.rfind(" ", start + 1, start + MAX_CHARS), start + MAX_CHARS // 2)
        stop = cut
        while stop > start and text[stop - 1].isspace():
            stop -= 1
        if start < stop:
            yield start, stop
        start = cut
