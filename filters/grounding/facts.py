"""Numbers, quantities and names of a text: what a model of meaning likes to overlook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_UNITS = {
    "percent": "% percent percentage pct",
    "km": "km kilometer kilometers kilometre kilometres",
    "m": "m meter meters metre metres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "mile": "mi mile miles",
    "foot": "ft foot feet",
    "inch": "in inch inches",
    "kg": "kg kilogram kilograms kilo kilos",
    "g": "g gram grams",
    "lb": "lb lbs pound pounds",
    "t": "t ton tons tonne tonnes",
    "l": "l liter liters litre litres",
    "ms": "ms millisecond milliseconds",
    "s": "s sec second seconds",
    "min": "min minute minutes",
    "h": "h hr hour hours",
    "day": "d day days",
    "week": "week weeks",
    "month": "month months",
    "year": "year years",
    "kb": "kb kilobyte kilobytes kib",
    "mb": "mb megabyte megabytes mib",
    "gb": "gb gigabyte gigabytes gib",
    "tb": "tb terabyte terabytes tib",
    "celsius": "°c celsius",
    "fahrenheit": "°f fahrenheit",
    "dollar": "$ dollar dollars usd",
    "euro": "€ euro euros eur",
    "sterling": "£ gbp",
    "volt": "v volt volts",
    "watt": "w watt watts",
}
_UNIT_OF = {name: unit for unit, names in _UNITS.items() for name in names.split()}

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_WORDS = {word: str(number) for number, word in enumerate(_SMALL.split())}
_WORDS |= {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "eighty": "80"}
_WORDS |= {"dozen": "12", "hundred": "100", "thousand": "1000", "million": "1000000"}
_MONTH_NAMES = (
    "january february march april may june july august september october november december"
)
_MONTHS = {
    name: str(number)
    for number, month in enumerate(_MONTH_NAMES.split(), 1)
    for name in (month, month[:3])
}
_VAGUE = frozenset({"one", "two", "three", "may", "mar"})
"""Words that are more often no number, or count what a passage only lists."""

_NUMBER = re.compile(
    r"""
    (?P<sign>(?<![\w.)\]])[-\u2212](?=\d))?
    (?P<before>[$€£]\s?)?
    (?<![\w.]) (?P<digits>\d+(?:[,\u00a0\u202f'’]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)
    (?:(?:st|nd|rd|th)\b)?
    (?:\s?(?P<after>%|°\s?[CF]\b|[^\W\d_]+))?
    """,  # noqa: RUF001 - the apostrophe groups digits in Switzerland
    re.VERBOSE,
)
_NUMBER_WORD = re.compile(r"\b[a-z]+\b", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w'’.])(?:[A-Z][\w’'-]*|[a-z]+[A-Z]\w*)", re.UNICODE)  # noqa: RUF001
_BEGINNING = '.!?:\n"“‘(-•*'  # noqa: RUF001
"""A capital after one of these may just begin a sentence."""
_LOOK_BACK = 40


@dataclass(frozen=True, slots=True)
class Fact:
    """A number with its unit, or a name, at its place."""

    start: int
    end: int
    value: str
    unit: str = ""


def quantities(text: str) -> Iterator[Fact]:
    """Yield the numbers written in digits, with the unit beside them."""
    for match in _NUMBER.finditer(text):
        beside = (match["before"], match["after"])
        units = [_UNIT_OF.get((mark or "").replace(" ", "").lower(), "") for mark in beside]
        value = ("-" if match["sign"] else "") + _canonical(match["digits"])
        yield Fact(match.start(), match.end("digits"), value, units[0] or units[1])


def number_words(text: str) -> Iterator[Fact]:
    """Yield numbers and months that are written as words."""
    for match in _NUMBER_WORD.finditer(text):
        word = match[0].lower()
        value = _WORDS.get(word) or _MONTHS.get(word)
        if value and word not in _VAGUE:
            yield Fact(match.start(), match.end(), value)


def names(text: str) -> Iterator[Fact]:
    """Yield capitalised words that do not just begin a sentence."""
    found = list(_NAME.finditer(text))
    words = re.findall(r"[^\W\d_]{2,}", text)
    if sum(word[0].isupper() for word in words) > 0.8 * len(words) > 2.4:
        return  # a title, where capitals mean nothing
    for match in found:
        if match[0] == "I" or (_may_begin(text, match.start()) and not match[0][1:2].isupper()):
            continue
        yield Fact(match.start(), match.end(), match[0].removesuffix("'s").removesuffix("’s"))  # noqa: RUF001


def _may_begin(text: str, place: int) -> bool:
    before = text[max(0, place - _LOOK_BACK) : place]
    return "\n" in before[len(before.rstrip()) :] or (before.rstrip() or ".")[-1] in _BEGINNING


def _canonical(digits: str) -> str:
    grouped = re.fullmatch(r"\d{1,3}(?:[,\u00a0\u202f'’]\d{3})+(?:\.\d+)?", digits)  # noqa: RUF001
    plain = re.sub(r"[,\u00a0\u202f'’]", "" if grouped else ".", digits)  # noqa: RUF001
    whole, _, rest = plain.partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")
