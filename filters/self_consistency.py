"""Score how little a language model says the same when it is asked again."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from filters import (
    Embedder,
    Filter,
    Finding,
    Generator,
    Item,
    Options,
    Range,
    Resources,
    Sample,
    Stage,
    Unit,
)
from filters._text.sentences import sentence_spans

INCONSISTENT = "inconsistent"
UNCERTAINTY_SHARE = 0.2
"""How much unlikely tokens count beside what the samples say."""
MOST_SENTENCES = 64
"""Of an answer, and of a sample; what comes behind them is not compared."""
_WORD = re.compile(r"\w+")


class SelfConsistencyOptions(Options):
    """How much is asked again."""

    model: str = ""
    """The served language model that is asked, by default the server's own: it should be the one
    that answers."""
    samples: int = Field(2, ge=1, le=8)
    """How many further answers are compared. Each costs as much as the answer itself."""
    temperature: float = Field(0.8, gt=0.0, le=2.0)
    """How freely they are written."""
    max_tokens: int = Field(128, ge=8, le=1_024)
    """Longest sample."""


class SelfConsistency(Filter):
    """Scores an answer by further answers to the same question.

    What a model makes up, it makes up differently each time. Each sentence is compared with the
    nearest sentence of every sample, by embedding and by common words and pairs of words; how
    unlikely the samples' tokens were counts a little as well. The score is the mean over the
    sentences, and each sentence has its range. What a model believes firmly and wrongly is
    consistent.

    The question is asked with its passages, but without the messages before it.
    """

    options_model = SelfConsistencyOptions
    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.OUTPUT})
    unit = Unit.document()
    options: SelfConsistencyOptions
    _embedder: Embedder
    _generator: Generator

    async def setup(self, resources: Resources) -> None:
        self._embedder = await resources.embedder()
        self._generator = await resources.generator(self.options.model)

    async def check(self, item: Item) -> Finding | None:
        spans = sentence_spans(item.text)[:MOST_SENTENCES]
        if item.context.abstained or not spans or not item.context.question.strip():
            return None
        samples = await self._samples(item)
        said = [item.text[start:end] for start, end in spans]
        support = await self._support(said, [sample.text for sample in samples])
        doubt = 1 - sum(sample.certainty for sample in samples) / len(samples)
        scores = (1 - UNCERTAINTY_SHARE) * (1 - support) + UNCERTAINTY_SHARE * doubt
        ranges = tuple(
            # Doubt is no reason to take a sentence away: a rewritten text keeps it.
            Range(start, end, INCONSISTENT, float(score), item.text[start:end])
            for (start, end), score in zip(spans, scores.clip(0, 1), strict=True)
        )
        return Finding(float(scores.clip(0, 1).mean()), INCONSISTENT, ranges)

    async def _samples(self, item: Item) -> list[Sample]:
        passages = [passage.text for passage in item.context.passages]
        asking = [
            self._generator.sample(
                item.context.question,
                passages,
                temperature=self.options.temperature,
                max_tokens=self.options.max_tokens,
                seed=seed,
            )
            for seed in range(self.options.samples)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(one) for one in asking]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed  # the chain knows what a full queue means
        return [task.result() for task in asked]

    async def _support(self, said: Sequence[str], samples: Sequence[str]) -> NDArray[np.float32]:
        """Return how far each sentence is found again, as the mean over the samples."""
        cut = [
            [text[slice(*span)] for span in sentence_spans(text)[:MOST_SENTENCES]]
            for text in samples
        ]
        rows = await self._embedder.embed([*said, *(one for some in cut for one in some)])
        own, others, at = rows[: len(said)], [], len(said)
        for sentences in cut:
            theirs = rows[at : at + len(sentences)]
            at += len(sentences)
            near = (own @ theirs.T).max(axis=1, initial=0.0)
            words = [max((_common(one, other) for other in sentences), default=0.0) for one in said]
            others.append((near + np.array(words)) / 2)
        return np.asarray(np.mean(others, axis=0), dtype=np.float32)


def _common(sentence: str, other: str) -> float:
    """Return the share of a sentence's words and pairs of words that the other one has too."""
    own, theirs = _grams(sentence), _grams(other)
    return sum((own & theirs).values()) / max(1, sum(own.values()))


def _grams(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return Counter([*((word,) for word in words), *pairwise(words)])
