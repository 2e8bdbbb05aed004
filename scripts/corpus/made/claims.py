"""Grounding rows made from any text: its own sentences, changed ones, and its neighbours'.

The sets of inference ask for paraphrase. What a server meets is mostly a sentence that stands in
the passage, one in which a number or a `not` was changed, or one from another page.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from filters._text.sentences import sentences
from scripts.corpus.neighbours import Neighbours
from scripts.corpus.row import Row

SHORTEST_SENTENCE = 35
LONGEST_SENTENCE = 350
PREFIXES = ("According to the documentation, ", "Yes: ", "In short, ", "Note that ")
NEGATABLE = re.compile(
    r"\b(is|are|was|were|can|could|will|would|must|should|may|has been|have been)\b(?! not|n't)",
    re.IGNORECASE,
)
NEGATED = re.compile(
    r"\b(is|are|was|were|can|could|will|would|must|should|may) ?not\b", re.IGNORECASE
)
NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.]*\w)")
SUPPORTED = {"supported": 1.0}
CONTRADICTED = {"contradicted": 1.0}
UNSUPPORTED = {"supported": 0.0}


def claims(kind: str, passages: Sequence[tuple[str, str]], seed: int = 5) -> Iterator[Row]:
    """Make claims about (group, passage) pairs, four a passage where it has enough sentences."""
    near = Neighbours([text for _, text in passages]).of([text for _, text in passages], 4)
    for at, (group, passage) in enumerate(passages):
        chance = random.Random(f"{seed}-{at}-{group}")  # noqa: S311  a fixed order, no secret
        own = _fit(passage)
        if len(own) < 2:
            continue
        others = [passages[n] for n in near[at] if passages[n][1] != passage]
        for pair, text, labels in _of_passage(passage, own, others, chance):
            yield Row(group=f"{kind}-{group}", text=text, pair=pair, labels=labels)


def _of_passage(
    passage: str, own: list[str], others: list[tuple[str, str]], chance: random.Random
) -> Iterator[tuple[str, str, dict[str, float]]]:
    said = chance.choice(own)
    yield said, passage, SUPPORTED
    told = chance.choice(own)
    yield chance.choice(PREFIXES) + told[0].lower() + told[1:], passage, SUPPORTED
    left_out = chance.choice(own)
    yield left_out, " ".join(passage.replace(left_out, " ").split()), UNSUPPORTED
    changed = [(twist, s) for s in own if (twist := contradiction(s, chance))]
    if changed:
        yield chance.choice(changed)[0], passage, CONTRADICTED
    foreign = [s for _, text in others for s in _fit(text) if s not in passage]
    if foreign:
        yield chance.choice(foreign), passage, UNSUPPORTED


def contradiction(sentence: str, chance: random.Random) -> str | None:
    """Return the sentence with another number or without its `not`, if it has either."""
    numbers = list(NUMBER.finditer(sentence))
    if numbers and chance.random() < 0.7:
        found = chance.choice(numbers)
        value = int(found[0])
        other = str(value + chance.choice((1, 2, 3, 10, 100)) * chance.choice((1, 1, 2)))
        return sentence[: found.start()] + other + sentence[found.end() :]
    if NEGATED.search(sentence):
        return NEGATED.sub(r"\1", sentence, count=1)
    if NEGATABLE.search(sentence):
        return NEGATABLE.sub(r"\1 not", sentence, count=1)
    return None


def _fit(passage: str) -> list[str]:
    return [s for s in sentences(passage) if SHORTEST_SENTENCE <= len(s) <= LONGEST_SENTENCE]
