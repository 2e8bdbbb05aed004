"""Find personal data: addresses, phone numbers, cards, bank accounts, national identities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import field_validator

from filters import Canary, Filter, Finding, Item, Options, Placeholders, Range, in_thread
from filters._text.edges import Edges, unit_for
from filters._text.surest import surest
from filters._text.visible import visible
from filters.pii.addresses import LONGEST_EMAIL, emails, ips
from filters.pii.numbers import NUMBERS
from filters.pii.phones import phones, unknown_regions

LONG_TEXT = 500
"""Longer texts are searched beside the event loop."""

Kind = Literal[
    "email", "phone", "card", "iban", "ip", "us_ssn", "gb_nino", "es_dni", "br_cpf", "fr_nir"
]

_EXAMPLES = {
    "email": "Write to ada@example.org.",
    "phone": "Ring +44 20 7946 0958.",
    "card": "Pay with 4111 1111 1111 1111.",
    "iban": "Send it to DE89 3704 0044 0532 0130 00.",
    "ip": "It came from 8.8.8.8.",
    "us_ssn": "It is 536-22-1234.",
    "gb_nino": "It is AB 12 34 56 C.",
    "es_dni": "It is 12345678Z.",
    "br_cpf": "It is 529.982.247-25.",
    "fr_nir": "It is 1 85 05 78 006 084 91.",
}


class PiiOptions(Options):
    """Which personal data counts, and what becomes of it."""

    kinds: tuple[Kind, ...] = ("email", "phone", "card", "iban", "ip", "us_ssn")
    """What is looked for. `gb_nino`, `es_dni`, `br_cpf` and `fr_nir` are national identities of the
    United Kingdom, Spain, Brazil and France."""
    regions: tuple[str, ...] = ("US",)
    """Countries whose phone numbers are known without a country's code, as two letters each: `GB`."""
    allow: tuple[str, ...] = ()
    """What is no secret: whole addresses or numbers as they are written, or `@example.org` for all
    e-mail addresses there."""
    numbered: bool = True
    """When the chain rewrites: `[EMAIL_1]`, the same address with the same number throughout the
    exchange, and masked in the record; else `[email]`."""
    restore: bool = False
    """Put what stood in the prompt back into the completion, once all filters have judged it."""
    keep_in_record: bool = False
    """Keep what is numbered in the record of the exchange as it came."""

    @field_validator("kinds")
    @classmethod
    def _looks_for_something(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        if not kinds:
            raise ValueError("name at least one")
        return kinds

    @field_validator("regions")
    @classmethod
    def _regions_are_known(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := unknown_regions(regions):
            raise ValueError(f"no phone numbers are known of {', '.join(unknown)}")
        return regions


class Pii(Filter):
    """Scores how surely a text holds personal data.

    1 for what carries check digits or a form that nothing else has, less where the form alone says
    it: 0.8 for a phone number without its country's code, 0.4 if it is nothing but digits.
    """

    options_model = PiiOptions
    options: PiiOptions
    unit = unit_for(LONGEST_EMAIL)

    def __init__(self, options: PiiOptions) -> None:
        super().__init__(options)
        if options.restore and not options.numbered:
            raise ValueError("restore needs numbered: only a number tells what belongs where")
        if options.numbered:
            keep = options.keep_in_record
            self.placeholders = Placeholders(restore=options.restore, keep=keep)
        self._allowed = frozenset(value.casefold() for value in options.allow)

    async def check(self, item: Item) -> Finding | None:
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item)
        return self._look(item)

    def canaries(self) -> Sequence[Canary]:
        bad = [Canary(_EXAMPLES[kind], bad=True) for kind in self.options.kinds]
        return [*bad, Canary("The 3 gates were built in 1892 and 2,100 m apart.", bad=False)]

    def _look(self, item: Item) -> Finding | None:
        plain = visible(item.text)
        edges = Edges.of(item)
        ranges = []
        for find in surest(self._finds(plain.text)):
            span = plain.original_range(find.start, find.end)
            if edges.keeps(span, plain, margin=1) and not self._is_allowed(plain.text, find):
                ranges.append(replace(find, start=span[0], end=span[1]))
        if not ranges:
            return None
        top = max(ranges, key=lambda found: found.score)
        scores: dict[str, float] = {}
        for found in ranges:
            scores[found.label] = max(found.score, scores.get(found.label, 0.0))
        return Finding(top.score, top.label, tuple(ranges), scores=scores)

    def _finds(self, text: str) -> Iterator[Range]:
        for kind in self.options.kinds:
            if kind == "email":
                yield from emails(text)
            elif kind == "ip":
                yield from ips(text)
            elif kind == "phone":
                yield from phones(text, self.options.regions)
            else:
                yield from NUMBERS[kind](text)

    def _is_allowed(self, text: str, find: Range) -> bool:
        if not self._allowed:
            return False
        found = text[find.start : find.end].casefold()
        return found in self._allowed or f"@{found.rpartition('@')[2]}" in self._allowed
