"""What the injection filter takes for orders at the threshold of the default chain, and what not.

Our own documentation is the fair test: Markdown, code and options, and much talk of prompts, rules
and attacks, of which nothing was learnt.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from filters import Canary, Context, Item, Stage
from filters.injection import Injection, InjectionOptions
from tests.filters.bundled import bundled
from tests.filters.injection_texts import ATTACKS, INSTRUCTIONS, TRIGGERS

ROOT = Path(__file__).parents[2]
MOST_FALSE_ALARMS = 0.015
"""Measured is one in a hundred, and pages change."""
FEWEST_FOUND = 0.65
"""Of attacks that are unlike those learnt from."""


def threshold() -> float:
    """Return what the default chain flags at."""
    entries = tomllib.loads((ROOT / "penstock.toml").read_text(encoding="utf-8"))["chain"]
    return next(float(entry["threshold"]) for entry in entries if entry["filter"] == "injection")


def paragraphs() -> list[str]:
    """Return the paragraphs, lists, tables and code blocks of our documentation."""
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    found = [
        text.strip()
        for page in pages
        for text in re.split(r"\n\s*\n", page.read_text(encoding="utf-8"))
    ]
    return [text for text in found if text]


async def scores(texts: list[str]) -> dict[str, float]:
    judge, found = Injection(InjectionOptions()), {}
    async with bundled(ROOT / "models") as resources:
        await judge.setup(resources)
        for text in texts:
            finding = await judge.check(Item(text, Context(Stage.INPUT, text)))
            found[text] = finding.score if finding else 0.0
    return found


async def test_our_own_documentation_passes() -> None:
    found = await scores(paragraphs())
    alarms = {text: score for text, score in found.items() if score >= threshold()}

    assert len(found) > 400
    assert len(alarms) <= MOST_FALSE_ALARMS * len(found), alarms


@pytest.mark.parametrize("texts", [INSTRUCTIONS, TRIGGERS], ids=["instructions", "triggers"])
async def test_roles_and_an_attackers_words_pass(texts: list[str]) -> None:
    found = await scores(texts)

    assert {text: score for text, score in found.items() if score >= threshold()} == {}


async def test_most_attacks_of_other_kinds_are_found() -> None:
    found = await scores(ATTACKS)

    assert sum(score >= threshold() for score in found.values()) >= FEWEST_FOUND * len(ATTACKS)


async def test_the_canaries_stand_on_both_sides_of_the_threshold() -> None:
    canaries: list[Canary] = list(Injection(InjectionOptions()).canaries())
    found = await scores([canary.text for canary in canaries])

    assert {c.text: c.bad for c in canaries} == {
        text: score >= threshold() for text, score in found.items()
    }
