"""The rule about positions: what they mean stays what they mean wherever it stands."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace

from app.testing.judging import Subject, demand, judge
from app.testing.texts import longest
from filters import Finding, Item, Range

_PLAIN = "It began so. "
_BEFORE = "\n \t👩‍👩‍👧🚪 ßﬁİ… éèô e\u0301\u0302 &amp; 1  2\r\n "
"""Stands before an example; every wrong way of counting its characters gives another number."""
_BEHIND = " And so it goes on, with no end in sight."


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _seen(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


COUNTS: Mapping[str, Callable[[str], int]] = {
    "UTF-8 bytes": lambda text: len(text.encode()),
    "UTF-16 units": lambda text: len(text.encode("utf-16-le")) // 2,
    "characters of a case-folded copy": lambda text: len(text.casefold()),
    "characters of a lower-case copy": lambda text: len(text.lower()),
    "characters of an upper-case copy": lambda text: len(text.upper()),
    "characters of a normalised copy (NFC)": lambda text: len(unicodedata.normalize("NFC", text)),
    "characters of a normalised copy (NFD)": lambda text: len(unicodedata.normalize("NFD", text)),
    "characters of a normalised copy (NFKC)": lambda text: len(unicodedata.normalize("NFKC", text)),
    "characters of a normalised copy (NFKD)": lambda text: len(unicodedata.normalize("NFKD", text)),
    "characters of a copy without accents": lambda text: len(_bare(text)),
    "characters of a copy without invisible ones": lambda text: len(_seen(text)),
    "characters of an ASCII copy": lambda text: len(text.encode("ascii", "ignore")),
    "characters of a stripped copy": lambda text: len(text.lstrip()),
    "characters of a copy with single blanks": lambda text: len(re.sub(r"\s+", " ", text)),
    "characters of a copy with other line ends": lambda text: len(text.replace("\r\n", "\n")),
    "characters of an unescaped copy": lambda text: len(html.unescape(text)),
}


async def positions_count_characters(subject: Subject) -> None:
    """What an example's ranges cover is still covered where other characters stand around it."""
    for item in subject.examples:
        if len(_BEFORE) + len(item.text) + len(_BEHIND) > longest(subject.filter.unit):
            continue
        alone = await judge(subject, item)
        plain, moved = _moved(item, _PLAIN), _moved(item, _BEFORE)
        at_plain, at_moved = await judge(subject, plain), await judge(subject, moved)
        strays = _covered(
            await judge(subject, _moved(replace(item, text=""), _BEFORE)), _BEFORE + _BEHIND
        )
        for one in _ranges(alone):
            if _at(one, at_plain, len(_PLAIN)) is None:
                continue  # it depends on what stands around it
            found = _stray(one, item.text, at_moved, moved.text, strays)
            demand(
                found is None,
                _said(found, one),
                "positions are Python string indices of item.text: text[start:end] is what is meant; "
                "map those of bytes or of a changed copy back",
                moved,
            )


def ways(off: int) -> list[str]:
    """Return what a filter counts whose positions are off by so many behind `_BEFORE`."""
    return [way for way, count in COUNTS.items() if count(_BEFORE) - len(_BEFORE) == off]


def _said(found: Range | None, meant: Range) -> str:
    if found is None:
        return ""
    off = found.start - meant.start - len(_BEFORE)
    counted = " or ".join(ways(off))
    said = f"the range {found.start}…{found.end} is off by {off:+d}"
    return f"{said}: it counts {counted}" if counted else said


def _moved(item: Item, before: str) -> Item:
    return replace(item, text=before + item.text + _BEHIND)


def _at(one: Range, finding: Finding | None, by: int) -> Range | None:
    """Return the range that stands where one must be that has moved."""
    places = ((found, found.start - by, found.end - by) for found in _ranges(finding))
    return next((found for found, *place in places if place == [one.start, one.end]), None)


def _stray(
    one: Range, text: str, finding: Finding | None, moved: str, strays: set[str]
) -> Range | None:
    """Return the range that means the same and stands elsewhere, if none stands where it must."""
    if _at(one, finding, len(_BEFORE)):
        return None
    for found in _ranges(finding):
        covers = moved[found.start : found.end]
        is_like = found.label == one.label and found.end - found.start == one.end - one.start
        if is_like and covers != text[one.start : one.end] and covers not in strays:
            return found
    return None


def _covered(finding: Finding | None, text: str) -> set[str]:
    return {text[found.start : found.end] for found in _ranges(finding)}


def _ranges(finding: Finding | None) -> tuple[Range, ...]:
    return finding.ranges if finding else ()
