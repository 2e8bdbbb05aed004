"""Sentences of many languages: the translated messages of a program, as Django carries them."""

from __future__ import annotations

import gettext
import random
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from app.evaluation.labelled import Labelled

LENGTHS = (40, 120)
"""Characters of a text, at least: a sentence, and some."""
FEWEST_MESSAGES = 150
"""A language with fewer is not translated but begun."""
_NO_TEXT = re.compile(r"%\(?|[{}<>\n\x00]|^[a-z.A-Z]{0,6}$")


def rows(most: int, wanted: str = "en") -> Iterator[Labelled]:
    """Yield texts of each language by their group; those not in `wanted` are bad.

    Raises:
        FileNotFoundError: Django is not there.
    """
    draw = random.Random(7)  # noqa: S311 (texts for a measurement)
    for code, messages in _catalogues():
        for number in range(most):
            text = _text(messages, LENGTHS[number % len(LENGTHS)], draw)
            yield Labelled(text=text, bad=code != wanted, group=code)


def _catalogues() -> Iterator[tuple[str, list[str]]]:
    """Yield each language with its messages; those of English are the programmers' own."""
    found: dict[str, set[str]] = {}
    for path in _files():
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)
        code = path.parts[-3].partition("_")[0]
        for key in _keys(catalogue):
            told = catalogue.gettext(key)
            if told != key and not _NO_TEXT.search(told):
                found.setdefault(code, set()).add(told)
                if not _NO_TEXT.search(key):
                    found.setdefault("en", set()).add(key)
    for code, messages in sorted(found.items()):
        if len(messages) >= FEWEST_MESSAGES:
            yield code, sorted(messages)


def _keys(catalogue: gettext.GNUTranslations) -> list[str]:
    texts: dict[object, str] = vars(catalogue)["_catalog"]
    return [key for key in texts if isinstance(key, str) and key]


def _files() -> list[Path]:
    spec = find_spec("django")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("Django is not installed: pip install django")
    return sorted(Path(spec.submodule_search_locations[0]).rglob("LC_MESSAGES/django.mo"))


def _text(messages: list[str], length: int, draw: random.Random) -> str:
    said = draw.choice([one for one in messages if len(one) >= 16] or messages)
    while len(said) < length:
        said += " " + draw.choice(messages)
    return said
