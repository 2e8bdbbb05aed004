"""Find numbers that carry check digits: cards, bank accounts, national identities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from filters import Range

_CARD = re.compile(
    r"(?<!\w)(?:\d{12,19}|\d{4}([ ._/-])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?"
    r"|\d{4}([ ._/-])\d{6}\2\d{4,5}"
    r"|\d(?:[ -]\d){11,18})(?!\w)"
)
_CARD_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}"
    r"|(?:6011|64[4-9]\d|65\d\d|62\d\d)\d{12,15}"
    r"|(?:30[0-5]|36\d|38\d|39\d)\d{11,16}"
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"
    r"|(?:50|5[6-8]|6\d)\d{10,17}"
)
"""What numbers of the large card companies look like: their beginnings and their lengths."""

_IBAN = re.compile(r"(?:(?<![^\W_])|(?<=IBAN)|(?<=iban))[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])")
_IBAN_LENGTHS: Mapping[str, int] = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "DK FI FO GL NL SD", "19": "MK SI",
        "20": "AT BA EE KZ LT LU MN XK", "21": "CH HR LI LV", "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ OM SO TL", "24": "AD CZ ES MD PK RO SA SE SK TN VG", "25": "LY PT ST",
        "26": "IS TR", "27": "BI DJ FR GR IT MC MR SM", "28": "AL AZ BY CY DO GT HU LB NI PL SV",
        "29": "BR EG PS QA UA", "30": "JO KW MU", "31": "MT SC", "32": "LC", "33": "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
"""Characters of each country's bank accounts, by ISO 13616."""

_SSN = re.compile(
    r"(?<![\w-])(?<!\d )(?!000|666|9\d\d)\d{3}([ -])(?!00)\d\d\1(?!0000)\d{4}(?![\w-]| \d)"
)
"""Between further numbers it is a row of a table."""
_NINO = re.compile(
    r"(?<!\w)(?i:(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D])(?!\w)"
)
_DNI = re.compile(r"(?<!\w)(?i:[XYZ]-?\d{7}|\d{8})[ -]?(?i:[A-HJ-NP-TV-Z])(?!\w)")
_CPF = re.compile(r"(?<!\w)\d{3}\.?\d{3}\.?\d{3}-?\d\d(?!\w)")
_NIR = re.compile(r"(?<!\w)[12] ?\d\d ?[01]\d ?(?:\d\d|2[AaBb]) ?\d{3} ?\d{3} ?\d\d(?!\w)")


def cards(text: str) -> Iterator[Range]:
    """Yield payment card numbers: by their issuer and Luhn's check digit."""
    for found in _CARD.finditer(text):
        digits = _alphanumeric(found[0])
        if _CARD_ISSUERS.fullmatch(digits) and _luhn(digits):
            yield Range(*found.span(), "card")


def ibans(text: str) -> Iterator[Range]:
    """Yield bank accounts: by their country's length and the check digits modulo 97."""
    for found in _IBAN.finditer(text):
        end = _end_of(text, found.start(), _IBAN_LENGTHS.get(found[0][:2].upper(), 0))
        if end and _remainder_97(_alphanumeric(text[found.start() : end])) == 1:
            yield Range(found.start(), end, "iban")


def us_ssn(text: str) -> Iterator[Range]:
    """Yield Social Security numbers of the USA, which have no check digit: with separators only."""
    for found in _SSN.finditer(text):
        yield Range(*found.span(), "us_ssn", 0.8)


def gb_nino(text: str) -> Iterator[Range]:
    """Yield National Insurance numbers of the United Kingdom, which have no check digit."""
    for found in _NINO.finditer(text):
        yield Range(*found.span(), "gb_nino", 0.9)


def es_dni(text: str) -> Iterator[Range]:
    """Yield identity numbers of Spain, of citizens and of foreigners."""
    for found in _DNI.finditer(text):
        plain = _alphanumeric(found[0]).upper()
        number = int(plain[:-1].translate(str.maketrans("XYZ", "012")))
        if "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == plain[-1]:
            yield Range(*found.span(), "es_dni")


def br_cpf(text: str) -> Iterator[Range]:
    """Yield taxpayer numbers of Brazil."""
    for found in _CPF.finditer(text):
        digits = [int(char) for char in found[0] if char.isdigit()]
        checks = [_weighted_11(digits[:count]) for count in (9, 10)]
        if checks == digits[9:] and len(set(digits)) > 1:
            yield Range(*found.span(), "br_cpf")


def fr_nir(text: str) -> Iterator[Range]:
    """Yield social security numbers of France."""
    for found in _NIR.finditer(text):
        plain = _alphanumeric(found[0]).upper()
        number = int(plain[:-2].replace("2A", "19", 1).replace("2B", "18", 1))
        if 97 - number % 97 == int(plain[-2:]):
            yield Range(*found.span(), "fr_nir")


NUMBERS: Mapping[str, Callable[[str], Iterator[Range]]] = {
    "card": cards,
    "iban": ibans,
    "us_ssn": us_ssn,
    "gb_nino": gb_nino,
    "es_dni": es_dni,
    "br_cpf": br_cpf,
    "fr_nir": fr_nir,
}


def _alphanumeric(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _end_of(text: str, start: int, count: int) -> int:
    """Return where `count` letters and digits end, single spaces and dashes aside; 0 if nowhere."""
    at, seen = start, 0
    while seen < count and at < len(text):
        if text[at].isascii() and text[at].isalnum():
            seen += 1
        elif text[at] not in " -" or text[at - 1] in " -":
            return 0
        at += 1
    ends = seen == count > 0 and not text[at : at + 1].isalnum()
    return at if ends else 0


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _remainder_97(account: str) -> int:
    moved = account[4:] + account[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97


def _weighted_11(digits: list[int]) -> int:
    total = sum(
        weight * digit for weight, digit in zip(range(len(digits) + 1, 1, -1), digits, strict=True)
    )
    return 0 if total % 11 < 2 else 11 - total % 11
