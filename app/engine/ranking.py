"""Which sentence of the passages answers the question: measurements and their weighted sum."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.bundles.manifest import AnswerWeights
from app.engine import Support
from app.engine.reader import Reading
from app.engine.sentences import split_sentences

STEM_CHARS = 5
"""Words count as equal when they begin alike: `filter`, `filters`, `filtering`."""
NEW_WORDS = 8
"""So many words beyond the question's are as new as a sentence can be."""
WORD = re.compile(r"\w+")
COMMON = frozenset(
    word[:STEM_CHARS]
    for word in WORD.findall(
        """
        a about am an and any are as at be been by can could did do does for from had has have how
        i if in into is it its many me much my of on or our shall should that the their there they
        this to was we were what when where which who whom whose why will with would you your
        """
    )
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be the answer, and what was measured of it (see `AnswerWeights`)."""

    support: Support
    text: str
    reader: float
    overlap: float
    rank: float
    novelty: float
    cosine: float = 0.0

    def score(self, weights: AnswerWeights) -> float:
        """Add up the measurements."""
        return (
            weights.bias
            + weights.reader * self.reader
            + weights.cosine * self.cosine
            + weights.overlap * self.overlap
            + weights.rank * self.rank
            + weights.novelty * self.novelty
        )

    def with_cosine(self, cosine: float) -> Candidate:
        """Return the same candidate with its last measurement."""
        return replace(self, cosine=cosine)


def candidates(
    question: str, passages: Sequence[str], readings: Sequence[Reading]
) -> list[Candidate]:
    """Measure every sentence of the passages, all but its cosine.

    A sentence that only repeats the question, as an example of one may, is no candidate.
    """
    asked = _words(question)
    found = [
        (support, text, score, 1 / (place + 1))
        for place, reading in enumerate(readings)
        for support, score in _supports(place, passages[place], reading)
        if not _repeats(asked, text := passages[place][support.start : support.end])
    ]
    overlaps = _overlaps(question, [text for _, text, _, _ in found])
    return [
        Candidate(support, " ".join(text.split()), reader, overlap, rank, _novelty(question, text))
        for (support, text, reader, rank), overlap in zip(found, overlaps, strict=True)
    ]


def _repeats(asked: str, text: str) -> bool:
    """Tell whether a sentence is little more than a question of three words or more."""
    said = _words(text)
    return asked.count(" ") >= 2 and asked in said and len(said) < 2 * len(asked)


def _novelty(question: str, text: str) -> float:
    new = _stems(text) - COMMON - _stems(question)
    return min(len(new), NEW_WORDS) / NEW_WORDS


def _words(text: str) -> str:
    return " ".join(WORD.findall(text.casefold()))


def _supports(place: int, passage: str, reading: Reading) -> list[tuple[Support, float]]:
    """Return each sentence with the best answer that begins in it.

    An answer that goes on in the next sentence takes that one along; it never goes further.
    """
    sentences = split_sentences(passage)
    supports = []
    for number, (start, end) in enumerate(sentences):
        best = reading.best_between(start, end)
        if best is None:
            continue
        score, answer_start, answer_end = best
        if answer_end > end:
            following = sentences[number + 1 : number + 2] or ((start, end),)
            end = following[0][1]
        support = Support(place, start, end, answer_start, min(answer_end, end))
        supports.append((support, score))
    return supports


def _overlaps(question: str, sentences: Sequence[str]) -> list[float]:
    """Return the share of the question's words in each sentence, rare words counting more."""
    asked = _stems(question) - COMMON or _stems(question)
    held = [_stems(sentence) & asked for sentence in sentences]
    frequency = Counter(stem for stems in held for stem in stems)
    weights = {
        stem: math.log((len(sentences) + 1) / (frequency[stem] + 0.5)) for stem in sorted(asked)
    }
    total = sum(weights.values())
    return [sum(weights[s] for s in sorted(stems)) / total if total else 0.0 for stems in held]


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:STEM_CHARS] for word in WORD.findall(text.casefold()))
