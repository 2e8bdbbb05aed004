"""Regular expressions of operators: RE2 only, whose time no pattern can make explode."""

from __future__ import annotations

import re
from re import _parser  # type: ignore[attr-defined]  # the one place that knows a pattern's width

import re2

UNBOUNDED = 100_000
"""From this width on a pattern counts as without bound."""

_NEEDS_ALL = re.compile(r"(?<!\[)\^|\$|\\[AzZ]|\[\[")
"""Anchors at the text's ends, and `[[:alpha:]]`, which only RE2 can read."""


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


def compile_pattern(pattern: str, name: str, *, case_sensitive: bool) -> re2._Regexp:
    """Return a pattern ready to be looked for.

    Args:
        pattern: in RE2 syntax.
        name: what to call it in an error: `pattern 2`.
        case_sensitive: whether `a` is no `A`, unless the pattern itself says otherwise.

    Raises:
        ValueError: it is not RE2, compiles to more than 8 MiB, matches nothing at all, or counts
            in bytes.
    """
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.log_errors = False
    if r"\C" in pattern:
        raise ValueError(rf"{name} counts in bytes (\C), where text has characters")
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0]
        reason = reason.decode() if isinstance(reason, bytes) else "it is not valid Unicode"
        raise ValueError(f"{name} is not valid for RE2: {reason}") from error
    if compiled.search(""):
        raise ValueError(f"{name} matches the empty text, so it would match everywhere")
    return compiled
