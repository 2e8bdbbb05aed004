"""Toxicity rows made here: pairs that differ in meaning but hardly in words.

A model that learns from comment sections alone takes a mention of a group, a swear word of joy, a
grave topic or a killed process for an attack. Each kind stands here beside its hostile twin.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from scripts.corpus import docstrings
from scripts.corpus.made import words
from scripts.corpus.row import Row
from scripts.corpus.sets import RowSet, SetsByName
from scripts.corpus.sets.toxicity import NONE_AT_ALL

PROFANE = {**NONE_AT_ALL, "obscene": 1.0}
INSULT = {**NONE_AT_ALL, "toxicity": 1.0, "insult": 1.0}
THREAT = {**NONE_AT_ALL, "toxicity": 1.0, "threat": 1.0}
SEVERE = {"toxicity": 1.0, "severe_toxicity": 1.0, "obscene": 1.0, "insult": 1.0}
SEVERE_THREAT = {**SEVERE, "threat": 1.0}
ATTACK = {**NONE_AT_ALL, "toxicity": 1.0, "identity_attack": 1.0}
LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "$"})
TECHNICAL_PARAGRAPHS = 2_500


def contrasts(_: Path) -> Iterator[Row]:
    """Make harmless sentences and their hostile twins."""
    yield from _all("about", words.NEUTRAL_ABOUT, words.IDENTITIES, NONE_AT_ALL)
    yield from _all("self", words.NEUTRAL_SELF, words.PERSONS, NONE_AT_ALL)
    yield from _all("attack", words.ATTACKS, words.IDENTITIES, ATTACK)
    yield from _all("topic", words.TOPIC_QUESTIONS, words.TOPICS, NONE_AT_ALL)
    yield from _all("insult", words.INSULTING, words.INSULTS, INSULT)
    yield from _all("severe", words.SEVERE, words.INSULTS, SEVERE)
    yield from _all("severe-threat", words.SEVERE_THREATS, words.INSULTS, SEVERE_THREAT)
    yield from _all("denied", words.DENIED, words.INSULTS, NONE_AT_ALL)
    yield from _all("threat", words.THREATS, words.THREATENED, THREAT)
    yield from _all("harmless-threat", words.HARMLESS_THREATS, words.THREATENED, NONE_AT_ALL)
    yield from _all("profane", ("{0}",), _joined(words.PROFANE, words.PROFANE_TAILS), PROFANE)
    yield from _all("machine", words.ROUGH, words.MACHINES, NONE_AT_ALL)
    technical = _joined(words.TECHNICAL, words.TECHNICAL_TAILS)
    yield from _all("technical", ("{0}",), technical, NONE_AT_ALL)


def disguised(_: Path) -> Iterator[Row]:
    """Make insults in leetspeak and with letters apart."""
    for template in words.INSULTING:
        for insult in words.INSULTS:
            for written in (insult.translate(LEET), " ".join(insult), ".".join(insult)):
                yield _row(f"disguised-{insult}", template.format(written), INSULT)


def technical(_: Path) -> Iterator[Row]:
    """Take harmless technical paragraphs."""
    found = docstrings.paragraphs(longest=400)
    random.Random(3).shuffle(found)  # noqa: S311  a fixed order, no secret
    for module, text in found[:TECHNICAL_PARAGRAPHS]:
        yield _row(f"technical-{module}", text, NONE_AT_ALL)


def _all(
    kind: str, templates: Iterable[str], fillings: Iterable[str], labels: Mapping[str, float]
) -> Iterator[Row]:
    fillings = list(fillings)
    for template in templates:
        for filling in fillings:
            text = template.format(filling.strip())
            yield _row(f"{kind}-{filling}", text[0].upper() + text[1:], labels)


def _joined(sentences: Iterable[str], tails: Iterable[str]) -> list[str]:
    tails = list(tails)
    return [sentence + tail for sentence in sentences for tail in tails]


def _row(group: str, text: str, labels: Mapping[str, float]) -> Row:
    return Row(group=f"made-{group}", text=text, labels=dict(labels))


SETS: SetsByName = {
    "contrasts": RowSet("", "Apache-2.0", "scripts/corpus/made", contrasts),
    "disguised": RowSet("", "Apache-2.0", "scripts/corpus/made", disguised),
    "technical": RowSet("", docstrings.LICENCE, docstrings.SOURCE, technical),
}
