"""From the scores of tokens to stretches of text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filters import TokenScores
from filters._scale import scaled

OUTSIDE = "O"
_PREFIX = re.compile(r"([BIESLU])[-_](?=.)")
BEGINS = "BSU"
"""Prefixes of a first token: begin, single, unit. The others go on: inside, end, last."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a model's labels mean: `B-PER` and `I-PER` are one kind."""

    names: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]]
    first: Mapping[str, tuple[int, ...]]
    """The columns that say that a stretch of the kind begins here; none in a scheme without."""

    @classmethod
    def of(cls, labels: Sequence[str]) -> Self:
        """Sort a model's labels into kinds."""
        columns: dict[str, tuple[int, ...]] = {}
        first: dict[str, tuple[int, ...]] = {}
        for column, label in enumerate(labels):
            if label == OUTSIDE:
                continue
            prefix = _PREFIX.match(label)
            kind = label[prefix.end() :] if prefix else label
            columns[kind] = (*columns.get(kind, ()), column)
            begins = (column,) if prefix and prefix[1] in BEGINS else ()
            first[kind] = (*first.get(kind, ()), *begins)
        return cls(tuple(columns), columns, first)


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch `[start, end)` of one kind."""

    start: int
    end: int
    kind: str
    score: float
    """The mean over its words, in which the threshold counts as 0.5."""


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    kind: str
    score: float
    begins: bool


def entities(
    text: str, tokens: TokenScores, kinds: Kinds, thresholds: Mapping[str, float]
) -> list[Entity]:
    """Return the stretches of a text, in order.

    Args:
        text: what was read.
        tokens: what the model says of it.
        kinds: of the model's labels.
        thresholds: the kinds that count, with the score from which on a word belongs to each.
    """
    found: list[Entity] = []
    group: list[_Word] = []
    for word in _words(text, tokens):
        judged = _judged(word, tokens.scores, kinds, thresholds)
        goes_on = group and judged and judged.kind == group[-1].kind and not judged.begins
        if group and not goes_on:
            found.append(_joined(group))
            group = []
        if judged:
            group.append(judged)
    return [*found, _joined(group)] if group else found


def _words(text: str, tokens: TokenScores) -> Iterator[tuple[int, int, list[int]]]:
    """Yield start, end and tokens of each word; punctuation stands for itself."""
    start = end = 0
    numbers: list[int] = []
    for number, (first, last) in enumerate(tokens.ranges):
        body = text[first:last]
        first, last = last - len(body.lstrip()), first + len(body.rstrip())
        if first >= last:
            continue  # it covers nothing that can be seen
        joined = numbers and first <= end and _is_inside(text, first)
        if numbers and not joined:
            yield start, end, numbers
        if joined:
            end = max(end, last)
            numbers.append(number)
        else:
            start, end, numbers = first, last, [number]
    if numbers:
        yield start, end, numbers


def _is_inside(text: str, place: int) -> bool:
    """Whether a place has a letter or digit on both sides."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def _judged(
    word: tuple[int, int, list[int]],
    scores: NDArray[np.float32],
    kinds: Kinds,
    thresholds: Mapping[str, float],
) -> _Word | None:
    """Return the word with the kind it belongs to, if it belongs to any."""
    start, end, numbers = word
    rows = scores[numbers]
    by_kind = {
        kind: float(scaled(rows[:, kinds.columns[kind]].sum(axis=1).mean(), threshold))
        for kind, threshold in thresholds.items()
    }
    best = max(by_kind, key=lambda kind: by_kind[kind])
    if by_kind[best] < 0.5:
        return None
    beginning = rows[0, list(kinds.first[best])].sum()
    whole = rows[0, list(kinds.columns[best])].sum()
    return _Word(start, end, best, by_kind[best], bool(beginning > whole / 2))


def _joined(words: Sequence[_Word]) -> Entity:
    mean = sum(word.score for word in words) / len(words)
    return Entity(words[0].start, words[-1].end, words[0].kind, min(mean, 1.0))
