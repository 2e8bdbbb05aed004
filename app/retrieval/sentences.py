"""Where sentences end."""

from __future__ import annotations

import re

_END = re.compile(
    r"""
      [.!?…] ["'\u201d\u2019)\]]* (?=\s)      # a sentence's end, then white space
    | [\u3002\uff01\uff1f]+ ["\u201d\u300d]*  # scripts that write no space
    """,
    re.VERBOSE,
)
_TITLES = ("dr", "mr", "mrs", "ms", "prof", "st")
_NEVER_LAST = frozenset({"approx", "ca", "cf", "e.g", "eq", "fig", "i.e", "incl", "vs", *_TITLES})
_SELDOM_LAST = frozenset({"al", "etc", "inc", "jr", "ltd", "sr"})
"""The sentence ends here only if the next word has a capital."""
_LONGEST = 12


def sentences(text: str) -> list[str]:
    """Return the text's sentences in order, without the white space around them."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if not _goes_on(text, start, match):
            found.append(text[start : match.end()])
            start = match.end()
    found.append(text[start:])
    return [sentence for part in found if (sentence := part.strip())]


def _goes_on(text: str, start: int, match: re.Match[str]) -> bool:
    """Tell whether this stop belongs to an abbreviation, an initial or a list's number."""
    if match[0] != ".":
        return False
    before = text[max(start, match.start() - _LONGEST) : match.start()].split()
    word = before[-1].lstrip("(\"'\u201c\u2018") if before else ""
    if word.lower() in _SELDOM_LAST:
        return text[match.end() + 1 : match.end() + 2].islower()
    is_initial = len(word) == 1 and word.isupper()
    is_number = word.isdigit() and text[start : match.start()].strip() == word
    return is_initial or is_number or not word or word.lower() in _NEVER_LAST
