"""Injection rows made here: orders to the model, and what only looks like one.

A model that learns from jailbreaks alone takes every `ignore`, every role and every question about
prompts for an attack. Each kind stands here beside harmless text with the same words, and orders
hide in the same technical texts, lists and code that come without them too.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from scripts.corpus import docstrings, readmes
from scripts.corpus.made import attacks, briefings, mentions, orders
from scripts.corpus.made.grounding import encyclopedia_passages, policy_passages
from scripts.corpus.made.phrases import filled
from scripts.corpus.row import Row
from scripts.corpus.sets import RowSet, SetsByName
from scripts.corpus.sets.injection import HARMLESS, INJECTION, cut, hidden

SEED = 11
HIDDEN_PARAGRAPHS = 1_200
TECHNICAL_PARAGRAPHS = 1_500
HIDDEN_BLOCKS = 900
HIDDEN_DOCUMENTS = 350
EACH = 40
"""Texts made from a template."""
BRIEFINGS = 2_800
MOST_RULES = 4
SHORT_CHARS = 250
JOINTS = (" ", " ", "\n", "\n- ", "\n\n")


def contrasts(_: Path) -> Iterator[Row]:
    """Make orders to a model and their harmless neighbours."""
    yield from _all("called-off", orders.CALLED_OFF, orders.TASKS, INJECTION)
    yield from _all("persona", orders.PERSONAS, orders.NAMES, INJECTION)
    yield from _all("leak", orders.LEAKS, ("",), INJECTION)
    yield from _all("about", orders.ABOUT, ("",), HARMLESS)
    yield from _all("look-alike", orders.LOOK_ALIKE, orders.THINGS, HARMLESS)
    yield from _all("role", orders.ROLES, orders.SUBJECTS, HARMLESS)


def assaults(_: Path) -> Iterator[Row]:
    """Make attacks of many forms: instructions called off, personas, leaks."""
    yield from _many("call", attacks.CALLS, attacks.PHRASES, INJECTION)
    yield from _many("unbound", attacks.PERSONAS, attacks.PHRASES, INJECTION)
    yield from _many("secret", attacks.LEAKS, attacks.PHRASES, INJECTION)
    yield from _many("german-order", attacks.GERMAN, attacks.PHRASES, INJECTION)


def harmless(_: Path) -> Iterator[Row]:
    """Make harmless texts with an attacker's words: support, how-to, software, discussion."""
    yield from _many("support", mentions.SUPPORT, mentions.PHRASES, HARMLESS)
    yield from _many("how-to", mentions.HOW_TO, mentions.PHRASES, HARMLESS)
    yield from _many("discussed", mentions.DISCUSSED, mentions.PHRASES, HARMLESS)
    yield from _many("software", mentions.SOFTWARE, mentions.PHRASES, HARMLESS)
    yield from _many("options", mentions.OPTIONS, mentions.PHRASES, HARMLESS)
    yield from _many("asked", mentions.ASKED, mentions.PHRASES, HARMLESS)
    yield from _many("german", mentions.GERMAN, mentions.PHRASES, HARMLESS)
    yield from _many("play", briefings.ROLES, briefings.PHRASES, HARMLESS)


def system_prompts(_: Path) -> Iterator[Row]:
    """Make what operators tell an assistant: what it is, and rules for it."""
    chance = random.Random(SEED)  # noqa: S311  a fixed order, no secret
    for number in range(BRIEFINGS):
        at = number % len(briefings.OPENINGS)
        rules = chance.sample(briefings.RULES, chance.randint(0, MOST_RULES))
        parts = [briefings.OPENINGS[at], *rules][chance.random() < 0.15 :] or rules
        text = chance.choice(JOINTS).join(parts)
        if text:
            yield _row(f"briefing-{at}", filled(text, briefings.PHRASES, chance), HARMLESS)


def passages(_: Path) -> Iterator[Row]:
    """Take technical paragraphs, some with an order hidden in them."""
    found = docstrings.paragraphs(longest=600)
    yield from _with_orders("technical", found, HIDDEN_PARAGRAPHS, TECHNICAL_PARAGRAPHS)


def code(_: Path) -> Iterator[Row]:
    """Take lists, examples and functions, some with an order hidden in them."""
    found = [*docstrings.blocks(), *docstrings.functions()]
    yield from _with_orders("code", found, HIDDEN_BLOCKS // 2, TECHNICAL_PARAGRAPHS)


def markdown(_: Path) -> Iterator[Row]:
    """Take blocks of READMEs, some with an order hidden in them."""
    yield from _with_orders("markdown", readmes.blocks(), HIDDEN_BLOCKS, 10 * HIDDEN_BLOCKS)


def policies(folder: Path) -> Iterator[Row]:
    """Take passages of privacy policies with an order hidden in them."""
    yield from _with_orders("policies", list(policy_passages(folder)), HIDDEN_DOCUMENTS, 0)


def encyclopedia(folder: Path) -> Iterator[Row]:
    """Take passages of an encyclopedia with an order hidden in them."""
    yield from _with_orders(
        "encyclopedia", list(encyclopedia_passages(folder)), HIDDEN_DOCUMENTS, 0
    )


def _with_orders(
    kind: str, found: list[tuple[str, str]], with_order: int, without: int
) -> Iterator[Row]:
    """Yield some texts with an order to the model, some with a harmless one, and others bare."""
    places = random.Random(SEED)  # noqa: S311  a fixed order, no secret
    places.shuffle(found)
    bad = [*attacks.HIDDEN, *orders.HIDDEN, *attacks.CALLS]
    good = [
        *mentions.HOW_TO,
        *mentions.SOFTWARE,
        *mentions.SUPPORT,
        *mentions.DISCUSSED,
        *mentions.OPTIONS,
    ]
    for number, (source, text) in enumerate(found[: with_order + without]):
        if number >= with_order:
            yield _row(f"{kind}-{source}", text, HARMLESS)
            continue
        passage = cut(text, places.randint(SHORT_CHARS // 3, SHORT_CHARS))
        at = places.randrange(len(bad))
        order = filled(_order(bad[at], places), attacks.PHRASES, places)
        yield _row(f"hidden-in-{kind}-{at}", hidden(order, passage, places), INJECTION)
        if number % 3 == 0:
            said = filled(places.choice(good), mentions.PHRASES, places)
            yield _row(f"{kind}-{source}", hidden(said, passage, places), HARMLESS)


def _order(template: str, places: random.Random) -> str:
    return template.replace("{0}", places.choice(orders.TASKS))


def _all(
    kind: str, templates: Iterable[str], fillings: Iterable[str], labels: Mapping[str, float]
) -> Iterator[Row]:
    fillings = list(fillings)
    for number, template in enumerate(templates):
        for filling in fillings:
            yield _row(f"{kind}-{number}", template.format(filling), labels)


def _many(
    kind: str,
    templates: Iterable[str],
    phrases: Mapping[str, Sequence[str]],
    labels: Mapping[str, float],
) -> Iterator[Row]:
    for number, template in enumerate(templates):
        chance = random.Random(f"{kind}-{number}")  # noqa: S311  the same texts every time
        for _ in range(EACH):
            yield _row(f"{kind}-{number}", filled(template, phrases, chance), labels)


def _row(group: str, text: str, labels: Mapping[str, float]) -> Row:
    return Row(group=f"made-{group}", text=text, labels=dict(labels))


SETS: SetsByName = {
    "contrasts": RowSet("", "Apache-2.0", "scripts/corpus/made", contrasts),
    "assaults": RowSet("", "Apache-2.0", "scripts/corpus/made", assaults),
    "harmless": RowSet("", "Apache-2.0", "scripts/corpus/made", harmless),
    "system_prompts": RowSet("", "Apache-2.0", "scripts/corpus/made", system_prompts),
    "passages": RowSet("", docstrings.LICENCE, docstrings.SOURCE, passages),
    "code": RowSet("", docstrings.LICENCE, docstrings.SOURCE, code),
    "markdown": RowSet("", readmes.LICENCE, readmes.SOURCE, markdown),
    "policy_orders": RowSet("policyqa", "MIT", "https://github.com/wasiahmad/PolicyQA", policies),
    "encyclopedia_orders": RowSet(
        "clapnq_dev", "Apache-2.0", "https://github.com/primeqa/clapnq", encyclopedia
    ),
}
