"""Plain text: paragraphs between blank lines, underlined headings, lists and code by indentation."""

from __future__ import annotations

import re

from app.retrieval.document import Outline

_BLANK = re.compile(r"\n[ \t\f]*(?:\n[ \t\f]*)+|\f")
_UNDERLINE = re.compile(r"([=\-~^*#+`:.'\"])\1{2,}")
_OWN_LINE = re.compile(r"[ \t]|[-*•+|>$#] |\d{1,3}[.)] ")
_WRAPPED_CHARS = 40
"""A line at least this long, followed by another, was broken only to fit the page."""


def read_plain(text: str, outline: Outline) -> None:
    """Add a plain text to an outline."""
    levels: list[str] = []
    for paragraph in _BLANK.split(text):
        lines = paragraph.strip("\n").split("\n")
        if len(lines) > 1 and (underline := _underline(lines[0], lines[1])):
            if underline not in levels:
                levels.append(underline)
            outline.add_heading(levels.index(underline) + 1, lines[0])
            lines = lines[2:]
        _add_paragraph(lines, outline)


def _underline(heading: str, line: str) -> str | None:
    match = _UNDERLINE.fullmatch(line.rstrip())
    is_heading = match and heading.strip() and len(line.rstrip()) >= len(heading.strip()) - 2
    return match[1] if match and is_heading else None


def _add_paragraph(lines: list[str], outline: Outline) -> None:
    is_wrapped = all(len(line) >= _WRAPPED_CHARS for line in lines[:-1])
    if is_wrapped and not any(_OWN_LINE.match(line) for line in lines):
        outline.add_prose(" ".join(lines))
    else:
        outline.add_lines(lines)
