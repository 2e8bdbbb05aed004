"""Where passages may support a claim, by their words alone: cheap, and before any model."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from filters._text.normalise import Normalised, normalise
from filters._text.readings import bare_words
from filters._text.sentences import sentence_spans
from filters.grounding.facts import number_words, quantities

_COMMON = (
    "a about after all also an and any are as at be because been before being both but by can could "
    "did do does during each for from had has have he her here his how i if in into is it its may "
    "might more most must my no nor not of on one only or other our out over own she should so some "
    "such than that the their them then there these they this those through to too under until up "
    "was we were what when where which while who will with would you your"
)
_NEGATING = "cannot neither never no nobody none nor not nothing nowhere without t"
"""`t` is what is left of `don't` as bare words."""
_SUFFIXES = "ations ation ingly edly ings ing ies ied ers er ed es ly s e y"
_STOP_WORDS = frozenset(_COMMON.split())
_NEGATIONS = frozenset(_NEGATING.split())
_ENDINGS = tuple(_SUFFIXES.split())
_SHORTEST_STEM = 3

NEIGHBOURS = 2
"""Sentences before and after one that may hold words of the same claim."""

REMEMBERED_CHARS = 4_000
"""Longer passages are a client's own, and are read anew for each sentence of an answer."""

AROUND_CHARS = 900
"""Most characters of a passage that a model reads beside the claim."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a passage."""

    start: int
    end: int
    stems: frozenset[str]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of a passage before a claim is held against it."""

    text: str
    bare: Normalised = field(compare=False)
    sentences: tuple[Sentence, ...]
    words: frozenset[str]
    units: Mapping[str, frozenset[str]]
    """Each number of the passage, with the units it stands with; "" is none."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A sentence that shares words with a claim."""

    passage: int
    sentence: int
    own: float
    """Of the claim's words, how many stand in the sentence."""
    back: float
    """Of the sentence's words, how many stand in the claim."""
    share: float
    """Of the claim's words, how many stand in the sentence or near it."""


def source_of(text: str) -> Source:
    """Return what is known of a passage; the sentences of one answer ask for it again."""
    return _remembered(text) if len(text) <= REMEMBERED_CHARS else _read(text)


def _read(text: str) -> Source:
    bare = bare_words(normalise(text))
    units: defaultdict[str, set[str]] = defaultdict(set)
    for fact in (*quantities(text), *number_words(text)):
        units[fact.value].add(fact.unit)
    sentences = tuple(_sentence(text, start, end) for start, end in sentence_spans(text))
    frozen = {value: frozenset(some) for value, some in units.items()}
    return Source(text, bare, sentences, frozenset(bare.text.split()), frozen)


_remembered = lru_cache(maxsize=256)(_read)


def words_of(text: str) -> list[str]:
    """Return the bare words of a text in plain form."""
    return bare_words(normalise(text)).text.split()


def content_stems(text: str) -> frozenset[str]:
    """Return the stems of the words that carry meaning; of all words if none does."""
    words = words_of(text)
    return frozenset(map(_stem, [w for w in words if w not in _STOP_WORDS] or words))


def is_negated(text: str) -> bool:
    """Whether a text says that something is not so."""
    return not _NEGATIONS.isdisjoint(words_of(text))


def literal_range(claim: str, source: Source) -> tuple[int, int] | None:
    """Return where the passage says the claim in the same words, whatever their case and markup.

    None also where the words are part of a negated sentence that is longer than the claim: it
    may say the opposite.
    """
    wanted = " ".join(words_of(claim))
    place = f" {source.bare.text} ".find(f" {wanted} ") if wanted else -1
    if place < 0:
        return None
    start, end = source.bare.original_range(place, place + len(wanted))
    around = [s for s in source.sentences if s.start < end and start < s.end]
    if any(sentence.is_negated for sentence in around) and not is_negated(claim):
        return None
    return start, end


def best_spots(claim: str, sources: Sequence[Source], limit: int) -> list[Spot]:
    """Return the sentences with the most of the claim's words, best first."""
    stems = content_stems(claim)
    shares = (
        (_share(stems, sentence.stems), -number, -place)
        for number, source in enumerate(sources)
        for place, sentence in enumerate(source.sentences)
    )
    best = heapq.nlargest(limit, shares)
    return [_spot(stems, sources[-number], -number, -place) for _, number, place in best]


def text_around(source: Source, place: int) -> str:
    """Return a sentence with as many of its neighbours as a model reads well."""
    first = last = place
    sentences = source.sentences
    while True:
        wider = [(max(first - 1, 0), last), (first, min(last + 1, len(sentences) - 1))]
        fitting = [
            (a, b)
            for a, b in wider
            if (a, b) != (first, last) and sentences[b].end - sentences[a].start <= AROUND_CHARS
        ]
        if not fitting:
            return source.text[sentences[first].start : sentences[last].end]
        first, last = fitting[-1] if last - place <= place - first else fitting[0]


def _sentence(text: str, start: int, end: int) -> Sentence:
    body = text[start:end]
    return Sentence(start, end, content_stems(body), is_negated(body))


def _spot(stems: frozenset[str], source: Source, passage: int, place: int) -> Spot:
    words = source.sentences[place].stems
    own, back = _share(stems, words), _share(words, stems)
    return Spot(passage, place, own, back, _share(stems, _nearby(source, place)))


def _nearby(source: Source, place: int) -> frozenset[str]:
    some = source.sentences[max(0, place - NEIGHBOURS) : place + NEIGHBOURS + 1]
    return frozenset().union(*(sentence.stems for sentence in some))


def _share(stems: frozenset[str], other: frozenset[str]) -> float:
    return len(stems & other) / len(stems) if stems else 0.0


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word
