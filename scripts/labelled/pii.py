"""Personal data of nobody, made by Faker and by the examples of numbering plans."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import phonenumbers
from faker import Faker

from app.evaluation.labelled import Labelled
from scripts.labelled.harmless import SENTENCES, hard
from scripts.labelled.installed import harmless

LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "nl_NL", "pt_BR")
FORMATS = (
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.E164,
)
Make = Callable[[Faker, random.Random], str]


def rows(most: int) -> Iterator[Labelled]:
    """Yield texts with one piece of personal data, hard ones without, code and prose."""
    draw = random.Random(7)  # noqa: S311 (texts for a measurement)
    fakers = [Faker(locale) for locale in LOCALES]
    for faker in fakers:
        faker.seed_instance(7)
    for kind, make in KINDS.items():
        for _ in range(most):
            text = draw.choice(SENTENCES).format(make(draw.choice(fakers), draw))
            yield Labelled(text=text, bad=True, group=kind)
    for kind, text in chain(hard(most, draw), harmless(most, draw)):
        if "@" not in text:  # authors sign with their addresses, which are found rightly
            yield Labelled(text=text, bad=False, group=kind)


def _foreign_phone(_: Faker, draw: random.Random) -> str:
    region = draw.choice(sorted(phonenumbers.SUPPORTED_REGIONS))
    kind = draw.choice(
        [phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE]
    )
    number = phonenumbers.example_number_for_type(region, kind)
    return (
        phonenumbers.format_number(number, draw.choice(FORMATS)) if number else "+44 20 7946 0958"
    )


def _us_phone(_: Faker, draw: random.Random) -> str:
    area, exchange, line = (
        draw.choice((212, 312, 415, 617, 713)),
        draw.randint(200, 999),
        draw.randint(0, 9999),
    )
    return draw.choice(["({}) {}-{:04}", "{}-{}-{:04}", "{}.{}.{:04}", "{} {} {:04}"]).format(
        area, exchange, line
    )


def _card(faker: Faker, draw: random.Random) -> str:
    number = faker.credit_card_number(draw.choice(["visa16", "mastercard", "amex", "discover"]))
    groups = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    return draw.choice([number, groups if len(number) == 16 else number])


def _iban(faker: Faker, draw: random.Random) -> str:
    number = faker.iban()
    return draw.choice([number, " ".join(number[at : at + 4] for at in range(0, len(number), 4))])


KINDS: Mapping[str, Make] = {
    "e-mail": lambda faker, _: faker.email(safe=False),
    "phone, international": _foreign_phone,
    "phone, US": _us_phone,
    "card": _card,
    "iban": _iban,
    "ip": lambda faker, _: faker.ipv4_public(),
    "ipv6": lambda faker, _: faker.ipv6(),
    "ssn": lambda _, draw: (
        f"{draw.randint(1, 665):03}-{draw.randint(1, 99):02}-{draw.randint(1, 9999):04}"
    ),
}
