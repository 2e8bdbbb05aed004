"""Injection rows made here: orders to the model, and what only looks like one.

A model that learns from jailbreaks alone takes every `ignore`, every role and every question about
prompts for an attack. Each kind stands here beside harmless text with the same words.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from scripts.corpus import docstrings
from scripts.corpus.made import orders
from scripts.corpus.row import Row
from scripts.corpus.sets import RowSet, SetsByName
from scripts.corpus.sets.injection import HARMLESS, INJECTION, cut, hidden

SEED = 11
HIDDEN_PARAGRAPHS = 1_200
TECHNICAL_PARAGRAPHS = 1_500
SHORT_CHARS = 250


def contrasts(_: Path) -> Iterator[Row]:
    """Make orders to a model and their harmless neighbours."""
    yield from _all("called-off", orders.CALLED_OFF, orders.TASKS, INJECTION)
    yield from _all("persona", orders.PERSONAS, orders.NAMES, INJECTION)
    yield from _all("leak", orders.LEAKS, ("",), INJECTION)
    yield from _all("about", orders.ABOUT, ("",), HARMLESS)
    yield from _all("look-alike", orders.LOOK_ALIKE, orders.THINGS, HARMLESS)
    yield from _all("role", orders.ROLES, orders.SUBJECTS, HARMLESS)


def passages(_: Path) -> Iterator[Row]:
    """Take technical paragraphs, some with an order hidden in them."""
    places = random.Random(SEED)  # noqa: S311  a fixed order, no secret
    found = docstrings.paragraphs(longest=600)
    places.shuffle(found)
    templates = (*orders.HIDDEN, *orders.CALLED_OFF)
    for number, (module, text) in enumerate(found[: HIDDEN_PARAGRAPHS + TECHNICAL_PARAGRAPHS]):
        if number >= HIDDEN_PARAGRAPHS:
            yield _row(f"technical-{module}", text, HARMLESS)
            continue
        at = places.randrange(len(templates))
        order = templates[at].format(places.choice(orders.TASKS))
        passage = hidden(order, cut(text, SHORT_CHARS), places)
        yield _row(f"hidden-{at}", passage, INJECTION)


def _all(
    kind: str, templates: Iterable[str], fillings: Iterable[str], labels: Mapping[str, float]
) -> Iterator[Row]:
    fillings = list(fillings)
    for number, template in enumerate(templates):
        for filling in fillings:
            yield _row(f"{kind}-{number}", template.format(filling), labels)


def _row(group: str, text: str, labels: Mapping[str, float]) -> Row:
    return Row(group=f"made-{group}", text=text, labels=dict(labels))


SETS: SetsByName = {
    "contrasts": RowSet("", "Apache-2.0", "scripts/corpus/made", contrasts),
    "passages": RowSet("", docstrings.LICENCE, docstrings.SOURCE, passages),
}
