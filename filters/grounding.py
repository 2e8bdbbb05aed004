"""Score how far a sentence goes beyond the passages it should rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import Field

from filters import (
    Canary,
    Classifier,
    Evidence,
    Filter,
    Finding,
    Item,
    Options,
    Passage,
    Range,
    Resources,
    Stage,
    Unit,
)
from filters._claims import blank_markup, is_claim
from filters._facts import Fact, names, number_words, quantities
from filters._support import (
    Sentence,
    Source,
    Spot,
    best_spots,
    is_negated,
    literal_range,
    source_of,
    text_around,
    words_of,
)

SUPPORTED, CONTRADICTED, UNSUPPORTED = "supported", "contradicted", "unsupported"

WORDS_SHARE = 0.35
"""How much shared words weigh against the model: a small model is unsure, words are not."""

NEW_NUMBER, NEW_NAME = "new_number", "new_name"
CAPS = {NEW_NUMBER: 0.2, NEW_NAME: 0.4}
"""Most support for a claim with a number or a name that its passages do not have."""

SAME_WORDS = 0.8
"""From this share on, claim and sentence are about the same, so a `not` turns the meaning."""

OTHER_NEGATION = 0.7
"""How sure it is that then one contradicts the other."""


class GroundingOptions(Options):
    """Which model compares, and what a missing source means."""

    bundle: str = "grounding"
    """The classification bundle for pairs (passage, claim), with the label `supported`."""
    without_passages: Literal["skip", "fail"] = "skip"
    """What to say of a claim when nothing was retrieved: nothing, or that it is unsupported."""
    pairs: int = Field(4, ge=1, le=16)
    """Most stretches of the passages that the model compares with one claim."""
    numbers: bool = True
    """Look for numbers, dates and units that no passage has."""
    names: bool = True
    """Look for names that no passage has; for languages that capitalise other words, switch off."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """What the model said of a claim and one stretch of a passage."""

    spot: Spot
    supported: float
    contradiction: float

    @property
    def support(self) -> float:
        """The model's opinion and the common words together, unless it sees a contradiction."""
        mixed = (1 - WORDS_SHARE) * self.supported + WORDS_SHARE * self.spot.share
        return min(mixed, 1 - self.contradiction)

    def sentence(self, sources: Sequence[Source]) -> Sentence:
        """Return the sentence it was compared with."""
        return sources[self.spot.passage].sentences[self.spot.sentence]

    def evidence(self, sources: Sequence[Source], label: str, score: float) -> Evidence:
        """Point at the sentence."""
        sentence = self.sentence(sources)
        return Evidence(self.spot.passage, sentence.start, sentence.end, label, score)


class Grounding(Filter):
    """Scores 1 minus the support for a claim: the best support that any one passage gives.

    A sentence that stands in a passage word for word is supported; otherwise a model of pairs
    and the share of common words decide together, and what is new in it (a number, a name, a
    `not`) bounds the support. Questions, greetings and abstentions claim nothing.
    """

    options_model = GroundingOptions
    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.OUTPUT})
    unit = Unit.sentence()
    options: GroundingOptions
    _classifier: Classifier

    async def setup(self, resources: Resources) -> None:
        self._classifier = await resources.classifier(self.options.bundle)
        if SUPPORTED not in self._classifier.labels:
            raise ValueError(f"bundle {self.options.bundle} has no label {SUPPORTED!r}")

    async def check(self, item: Item) -> Finding | None:
        plain = blank_markup(item.text)
        claim = " ".join(plain.split())
        if item.context.abstained or not is_claim(claim):
            return None
        sources = [source_of(passage.text) for passage in item.context.passages]
        if not any(source.sentences for source in sources):
            return self._unsourced(item)
        new = self._new_facts(plain, [*sources, source_of(item.context.prompt)])
        literal = None if new else _literal(claim, sources)
        if literal:
            return Finding(0.0, SUPPORTED, evidence=(literal,))
        compared = _turned(claim, sources, await self._compare(claim, sources))
        return _finding(item, sources, compared, new)

    def canaries(self) -> Sequence[Canary]:
        gate = Passage("1", "The gate was built in 1931. It opens at nine and holds water.", "gate")
        cat = Passage("2", "Cats sleep for most of the day and hunt at night.", "cats")
        claims = {
            "The gate was built in 1931.": False,
            "Cats hunt at night.": False,
            "The gate was built in 1874.": True,
            "Napoleon ordered a bridge of gold for the emperor of China.": True,
        }
        return [Canary(text, bad, passages=(gate, cat)) for text, bad in claims.items()]

    def _unsourced(self, item: Item) -> Finding | None:
        if self.options.without_passages == "skip":
            return None
        return Finding(1.0, UNSUPPORTED, (Range(0, len(item.text), UNSUPPORTED),))

    def _new_facts(self, text: str, known: Sequence[Source]) -> list[Range]:
        """Return the numbers and names that neither a passage nor the prompt has."""
        found: list[Range] = []
        if self.options.numbers:
            numbers = (*quantities(text), *number_words(text))
            found += [_mark(fact, NEW_NUMBER) for fact in numbers if not _has_number(fact, known)]
        if self.options.names:
            words = frozenset().union(*(source.words for source in known))
            found += [
                _mark(n, NEW_NAME) for n in names(text) if not words.issuperset(words_of(n.value))
            ]
        return found

    async def _compare(self, claim: str, sources: Sequence[Source]) -> list[_Compared]:
        spots = best_spots(claim, sources, self.options.pairs)
        texts = [text_around(sources[spot.passage], spot.sentence) for spot in spots]
        pairs = dict.fromkeys((text, claim) for text in texts)
        rows = dict(zip(pairs, await self._classifier.scores(list(pairs)), strict=True))
        labels = self._classifier.labels
        supported = labels.index(SUPPORTED)
        against = labels.index(CONTRADICTED) if CONTRADICTED in labels else None
        return [
            _Compared(spot, float(row[supported]), 0.0 if against is None else float(row[against]))
            for spot, row in (
                (spot, rows[text, claim]) for spot, text in zip(spots, texts, strict=True)
            )
        ]


def _turned(
    claim: str, sources: Sequence[Source], compared: Sequence[_Compared]
) -> list[_Compared]:
    """Return the comparisons, those that only a `not` sets apart as contradictions."""
    close = [one for one in compared if one.spot.own >= SAME_WORDS]
    negated = is_negated(claim)
    if not close or any(one.sentence(sources).is_negated == negated for one in close):
        return list(compared)
    return [replace(one, contradiction=max(one.contradiction, OTHER_NEGATION)) for one in compared]


def _has_number(fact: Fact, known: Sequence[Source]) -> bool:
    units = [source.units[fact.value] for source in known if fact.value in source.units]
    return any(not fact.unit or not some.isdisjoint({fact.unit, ""}) for some in units)


def _mark(fact: Fact, label: str) -> Range:
    return Range(fact.start, fact.end, label)


def _literal(claim: str, sources: Sequence[Source]) -> Evidence | None:
    for number, source in enumerate(sources):
        place = literal_range(claim, source)
        if place:
            return Evidence(number, *place, "supports", 1.0)
    return None


def _finding(
    item: Item, sources: Sequence[Source], compared: Sequence[_Compared], new: Sequence[Range]
) -> Finding:
    best = max(compared, key=lambda one: one.support)
    support = min([best.support, *(CAPS[mark.label] for mark in new)])
    against = max(compared, key=lambda one: one.contradiction)
    label = SUPPORTED if support >= 0.5 else UNSUPPORTED
    evidence = best.evidence(sources, "supports" if support >= 0.5 else "nearest", best.support)
    if label == UNSUPPORTED and against.contradiction >= 0.5:
        label = CONTRADICTED
        evidence = against.evidence(sources, "contradicts", against.contradiction)
    ranges = () if label == SUPPORTED else (Range(0, len(item.text), label, 1 - support), *new)
    scores = {UNSUPPORTED: 1 - support, CONTRADICTED: against.contradiction}
    return Finding(1 - support, label, ranges, (evidence,), scores=scores)
