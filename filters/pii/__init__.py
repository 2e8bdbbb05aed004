"""Find personal data: addresses, phone numbers, cards, bank accounts, national identities, names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from filters import Canary, Filter, Finding, Item, Range, Resources, Unit, in_thread
from filters._hiding import Hiding, placeholders
from filters._text.edges import Edges, unit_for
from filters._text.normalise import Normalised
from filters._text.surest import beside, summed, surest
from filters._text.visible import visible
from filters.pii.addresses import LONGEST_EMAIL, emails, ips
from filters.pii.names import NameFinder, margin
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


class PiiOptions(Hiding):
    """Which personal data counts, and what becomes of it."""

    numbered: bool = True
    """When the chain rewrites: `[EMAIL_1]`, the same address with the same number throughout the
    exchange, and masked in the record; else `[email]`."""
    kinds: tuple[Kind, ...] = ("email", "phone", "card", "iban", "ip", "us_ssn")
    """What is looked for. `gb_nino`, `es_dni`, `br_cpf` and `fr_nir` are national identities of the
    United Kingdom, Spain, Brazil and France."""
    regions: tuple[str, ...] = ("US",)
    """Countries whose phone numbers are known without a country's code, as two letters each: `GB`."""
    names: str = ""
    """A token classification model that finds names: a bundle (`name`, `name@version`), a folder with
    an ONNX graph (`./folder`, `/folder`), or a repository of the hub (`OWNER/NAME`,
    `OWNER/NAME@REVISION`). Without one no names are looked for."""
    name_labels: Mapping[str, str] = Field(default_factory=dict)
    """The labels of that model that count, without `B-` and `I-`, each with the name that findings
    give it: `{ PER = "person", LOC = "place", ORG = "organization" }`. Persons where nothing is said."""
    name_threshold: float = Field(0.5, gt=0, lt=1)
    """The model's score from which on a word belongs to a name, and that counts as 0.5; lower finds
    more."""
    name_example: str = ""
    """A text with a name that must be found, or the server does not start."""
    allow: tuple[str, ...] = ()
    """What is no secret: whole addresses, numbers or names as they are written, or `@example.org` for
    all e-mail addresses there."""

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not self.kinds and not self.names:
            raise ValueError("kinds: name at least one, or a model for names")
        if not self.names and (self.name_labels or self.name_example):
            raise ValueError("names: it says which model finds them")
        return self

    @field_validator("regions")
    @classmethod
    def _regions_are_known(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := unknown_regions(regions):
            raise ValueError(f"no phone numbers are known of {', '.join(unknown)}")
        return regions


class Pii(Filter):
    """Scores how surely a text holds personal data.

    1 for what carries check digits or a form that nothing else has, less where the form alone says
    it: 0.8 for a phone number without its country's code, 0.4 if it is nothing but digits. A name is
    as sure as the model. What a rule finds is no name; of a name that goes on beside it, the rest is.
    """

    options_model = PiiOptions
    options: PiiOptions
    unit = unit_for(LONGEST_EMAIL)

    def __init__(self, options: PiiOptions) -> None:
        super().__init__(options)
        self.placeholders = placeholders(options, ignore_case=True)
        self._allowed = frozenset(value.casefold() for value in options.allow)
        self._names: NameFinder | None = None
        if options.names:
            self._names = NameFinder(options.names, options.name_labels, options.name_threshold)
        if not options.kinds:  # only numbers and addresses may stand across sentences
            self.unit = Unit.sentence()

    async def setup(self, resources: Resources) -> None:
        if self._names:
            await self._names.setup(resources)

    async def check(self, item: Item) -> Finding | None:
        plain = visible(item.text)
        names = await self._names.find(plain.text) if self._names else []
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item, plain, names)
        return self._look(item, plain, names)

    def canaries(self) -> Sequence[Canary]:
        bad = [Canary(_EXAMPLES[kind], bad=True) for kind in self.options.kinds]
        if self.options.name_example:
            bad.append(Canary(self.options.name_example, bad=True))
        return [*bad, Canary("The 3 gates were built in 1892 and 2,100 m apart.", bad=False)]

    def _look(self, item: Item, plain: Normalised, names: Sequence[Range]) -> Finding | None:
        edges = Edges.of(item)
        by_rule = list(surest(self._finds(plain.text)))
        finds = [(find, 1) for find in by_rule]
        finds += [(name, margin(name)) for name in beside(plain.text, names, by_rule)]
        ranges = []
        for find, around in finds:
            span = plain.original_range(find.start, find.end)
            if edges.keeps(span, plain, around) and not self._is_allowed(plain.text, find):
                ranges.append(replace(find, start=span[0], end=span[1]))
        return summed(sorted(ranges, key=lambda found: found.start))

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
