"""Answer rows made from technical text: how do I …, with and without the passage that says it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from filters._text.sentences import sentences
from scripts.corpus import docstrings
from scripts.corpus.made.asked import asked
from scripts.corpus.made.grounding import (
    encyclopedia_passages,
    policy_passages,
    technical_passages,
)
from scripts.corpus.made.manuals import manuals
from scripts.corpus.neighbours import Neighbours
from scripts.corpus.row import Row
from scripts.corpus.sets import RowSet, SetsByName

IMPERATIVE = re.compile(
    r"(Add|Append|Bind|Call|Change|Check|Close|Compute|Configure|Connect|Convert|Copy|Create|"
    r"Decode|Delete|Determine|Encode|Execute|Find|Format|Get|Insert|List|Load|Make|Move|Open|"
    r"Parse|Print|Read|Register|Remove|Rename|Replace|Run|Save|Select|Send|Set|Sort|Split|Start|"
    r"Stop|Store|Test|Use|Wait|Write) [a-z][^.;:(]{8,70}(?=[\s.;:(]|$)"
)
ASKING = ("How do I {0}?", "How can I {0}?", "how to {0}", "What do I call to {0}?")


def technical(_: Path) -> Iterator[Row]:
    """Make how-to questions; every second one gets a passage that does not answer it."""
    passages = technical_passages()
    asked = [found for at in range(len(passages)) for found in _asked(at, passages[at][1])]
    near = Neighbours([text for _, text in passages]).of([task for _, _, task, _ in asked], 6)
    for number, (at, sentence, task, start) in enumerate(asked):
        chance = random.Random(f"{number}-{task}")  # noqa: S311  a fixed order, no secret
        module, passage = passages[at]
        others = [n for n in near[number] if n != at and sentence not in passages[n][1]]
        question = chance.choice(ASKING).format(task[0].lower() + task[1:])
        group = f"technical-{module}"
        if number % 2 and others:
            elsewhere = passages[others[0]][1]
            yield Row(group=group, text=question, pair=elsewhere, loose=True)
        else:
            span = ((start, start + len(sentence)),)
            yield Row(group=group, text=question, pair=passage, spans=span, loose=True)


def _asked(at: int, passage: str) -> list[tuple[int, str, str, int]]:
    """Return (passage number, sentence, what it does, where it starts)."""
    found = []
    for sentence in sentences(passage):
        match = IMPERATIVE.match(sentence)
        if match and passage.count(sentence) == 1 and len(passage) > len(sentence) + 60:
            found.append((at, sentence, " ".join(match[0].split()), passage.index(sentence)))
    return found


def asked_technical(_: Path) -> Iterator[Row]:
    """Ask of the documentation of Python's library."""
    yield from asked("technical", technical_passages())


def asked_policies(folder: Path) -> Iterator[Row]:
    """Ask of privacy policies."""
    yield from asked("policies", policy_passages(folder))


def asked_encyclopedia(folder: Path) -> Iterator[Row]:
    """Ask of encyclopedia passages."""
    yield from asked("long_queries", encyclopedia_passages(folder))


SETS: SetsByName = {
    "how_to": RowSet("", docstrings.LICENCE, docstrings.SOURCE, technical),
    "manuals": RowSet("", "Apache-2.0", "scripts/corpus/made", manuals),
    "asked_technical": RowSet("", docstrings.LICENCE, docstrings.SOURCE, asked_technical),
    "asked_policies": RowSet(
        "policyqa", "MIT", "https://github.com/wasiahmad/PolicyQA", asked_policies, most=2_500
    ),
    "asked_encyclopedia": RowSet(
        "clapnq_dev", "Apache-2.0", "https://github.com/primeqa/clapnq", asked_encyclopedia
    ),
}
