"""Find phone numbers that exist in the numbering plans of their countries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from phonenumbers import SUPPORTED_REGIONS, Leniency, PhoneNumberMatch, PhoneNumberMatcher

from filters import Range

GROUPED = 0.8
"""Score of a national number in the groups that its country writes, or behind a word such as `call`."""
BARE = 0.4
"""Score of other national numbers: nothing but digits may be an order's, `42826808.00` is a price."""

_MAYBE = re.compile(r"\d(?:[^\d\n]{0,4}\d){6}")
_WORD = re.compile(
    r"(?i:\b(?:call|cell|fax|handy|mobile?|phone|portable|ring|sms|tel|tel[eé]fono?|telephone|text|whatsapp)"
    r"\b[^\d\n]{0,24})$"
)
_BEFORE = 48


def phones(text: str, regions: Sequence[str]) -> Iterator[Range]:
    """Yield phone numbers.

    Args:
        text: any.
        regions: countries whose numbers are known without their country's code: `US`.
    """
    if not _MAYBE.search(text):
        return
    for region in regions or (None,):
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
            # The bracket of `(+44 20 7946 0958)` belongs to the sentence, that of `(212)` does not.
            opened = match.raw_string.count("(") > match.raw_string.count(")")
            yield Range(match.start + opened, match.end, "phone", _score(text, match, region))


def unknown_regions(regions: Sequence[str]) -> list[str]:
    """Return those that no numbering plan is known for."""
    return [region for region in regions if region not in SUPPORTED_REGIONS]


def _score(text: str, match: PhoneNumberMatch, region: str | None) -> float:
    if match.raw_string.lstrip("(").startswith("+"):
        return 1.0
    before = text[max(0, match.start - _BEFORE) : match.start]
    return GROUPED if _is_grouped(match.raw_string, region) or _WORD.search(before) else BARE


def _is_grouped(number: str, region: str | None) -> bool:
    if number.isdigit():
        return False
    return PhoneNumberMatcher(number, region, leniency=Leniency.STRICT_GROUPING).has_next()
