"""Score how far a sentence goes beyond the passages it should rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import Field

from filters import (
    Canary,
    Classifier,
    Context,
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
    in_thread,
)
from filters.grounding.claims import blank_markup, is_claim
from filters.grounding.facts import Fact, names, number_words, quantities
from filters.grounding.support import (
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

WORDS_SHARE = 0.4
"""How much common words weigh against the model: a small model is often unsure, words never."""
SURE = 0.7
"""A contradiction counts from here on; below, the model only says that it sees no support."""

NEW_NUMBER, NEW_NAME = "new_number", "new_name"
NEW_NUMBER_CAP = 0.2
"""Most support for a claim with a number that its passages do not have."""
NEW_NAME_FACTOR = 0.6
"""What a new name leaves of the support. Milder: claims often name what passages speak of."""

SAME_WORDS, SAME_SENTENCE = 0.8, 0.6
"""From these shares of common words on, in the claim and in the sentence, both are about the
same, so that a `not` in one of them turns the meaning."""

OTHER_NEGATION = SURE
"""How sure it is that then one contradicts the other."""


LONG_PASSAGES = 20_000
"""More characters are searched beside the event loop."""


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
        """The model's opinion and the common words together, unless they contradict."""
        mixed = (1 - WORDS_SHARE) * self.supported + WORDS_SHARE * self.spot.share
        return min(mixed, 1 - self.contradiction) if self.contradiction >= SURE else mixed


@dataclass(frozen=True, slots=True)
class _Reading:
    """A claim beside its passages, before the model is asked."""

    claim: str
    sources: Sequence[Source]
    spots: Sequence[Spot]
    literal: Evidence | None
    new: Sequence[Range]

    def sentence(self, spot: Spot) -> Sentence:
        return self.sources[spot.passage].sentences[spot.sentence]

    def evidence(self, spot: Spot, label: str, score: float) -> Evidence:
        sentence = self.sentence(spot)
        return Evidence(spot.passage, sentence.start, sentence.end, label, score)


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
        if item.context.abstained or not is_claim(plain):
            return None
        is_long = sum(len(p.text) for p in item.context.passages) > LONG_PASSAGES
        reading = (
            await in_thread(self._read, plain, item.context)
            if is_long
            else self._read(plain, item.context)
        )
        if not reading.spots:
            return self._unsourced(item)
        if reading.literal and not reading.new:
            return Finding(0.0, SUPPORTED, evidence=(reading.literal,))
        return _finding(item, reading, _turned(reading, await self._compare(reading)))

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

    def _read(self, text: str, context: Context) -> _Reading:
        claim = " ".join(text.split())
        sources = [source_of(passage.text) for passage in context.passages]
        return _Reading(
            claim,
            sources,
            best_spots(claim, sources, self.options.pairs),
            _literal(claim, sources),
            self._new_facts(text, [*sources, *_beside(context)]),
        )

    def _new_facts(self, text: str, known: Sequence[Source]) -> list[Range]:
        """Return the numbers and names that nothing known has."""
        found: list[Fact] = []
        if self.options.numbers:
            numbers = (*quantities(text), *number_words(text))
            found += [fact for fact in numbers if not _has_number(fact, known)]
        marks = [Range(fact.start, fact.end, NEW_NUMBER) for fact in found]
        if self.options.names:
            words = frozenset().union(*(source.words for source in known))
            new = [name for name in names(text) if not words.issuperset(words_of(name.value))]
            marks += [Range(name.start, name.end, NEW_NAME) for name in new]
        return marks

    async def _compare(self, reading: _Reading) -> list[_Compared]:
        texts = [text_around(reading.sources[s.passage], s.sentence) for s in reading.spots]
        pairs = dict.fromkeys((text, reading.claim) for text in texts)
        rows = dict(zip(pairs, await self._classifier.scores(list(pairs)), strict=True))
        labels = self._classifier.labels
        supported = labels.index(SUPPORTED)
        against = labels.index(CONTRADICTED) if CONTRADICTED in labels else None
        compared = []
        for spot, text in zip(reading.spots, texts, strict=True):
            row = rows[text, reading.claim]
            contradiction = 0.0 if against is None else float(row[against])
            compared.append(_Compared(spot, float(row[supported]), contradiction))
        return compared


def _turned(reading: _Reading, compared: list[_Compared]) -> list[_Compared]:
    """Return the comparisons, those that only a `not` sets apart as contradictions."""
    spots = reading.spots
    close = [s for s in spots if s.own >= SAME_WORDS and s.back >= SAME_SENTENCE]
    negated = is_negated(reading.claim)
    if not close or any(reading.sentence(spot).is_negated == negated for spot in close):
        return compared
    return [replace(one, contradiction=max(one.contradiction, OTHER_NEGATION)) for one in compared]


def _beside(context: Context) -> list[Source]:
    """Return what names things beside the passages' text: the question and their titles."""
    titles = "\n".join(passage.title for passage in context.passages)
    return [source_of(context.question), source_of(titles)]


def _has_number(fact: Fact, known: Sequence[Source]) -> bool:
    units = [source.units[fact.value] for source in known if fact.value in source.units]
    return any(not fact.unit or not some.isdisjoint({fact.unit, ""}) for some in units)


def _literal(claim: str, sources: Sequence[Source]) -> Evidence | None:
    for number, source in enumerate(sources):
        place = literal_range(claim, source)
        if place:
            return Evidence(number, *place, "supports", 1.0)
    return None


def _bounded(support: float, new: set[str]) -> float:
    if NEW_NAME in new:
        support *= NEW_NAME_FACTOR
    return min(support, NEW_NUMBER_CAP) if NEW_NUMBER in new else support


def _finding(item: Item, reading: _Reading, compared: Sequence[_Compared]) -> Finding:
    best = max(compared, key=lambda one: one.support)
    against = max(compared, key=lambda one: one.contradiction)
    support = _bounded(best.support, {mark.label for mark in reading.new})
    scores = {UNSUPPORTED: 1 - support, CONTRADICTED: against.contradiction}
    if support >= 0.5:
        evidence = reading.evidence(best.spot, "supports", support)
        return Finding(1 - support, SUPPORTED, evidence=(evidence,), scores=scores)
    if against.contradiction >= 0.5:
        label = CONTRADICTED
        evidence = reading.evidence(against.spot, "contradicts", against.contradiction)
    else:
        label, evidence = UNSUPPORTED, reading.evidence(best.spot, "nearest", best.support)
    ranges = (Range(0, len(item.text), label, 1 - support), *reading.new)
    return Finding(1 - support, label, ranges, (evidence,), scores=scores)
