"""Score how little an answer has to do with its question."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from filters import Canary, Embedder, Filter, Finding, Item, Options, Range, Resources, Stage, Unit

SLOPE, MIDDLE = 19.6, 0.266
"""Logistic regression on the cosines of 1,000 questions with their own and with another answer."""
IRRELEVANT = "irrelevant"
_WORD = re.compile(r"\w+")


class RelevanceOptions(Options):
    """What is judged."""

    fewest_words: int = Field(6, ge=1)
    """Shorter answers are not judged: `In 1931.` has nothing in common with its question."""


class Relevance(Filter):
    """Scores 1 minus the chance that an answer belongs to its question, by their embeddings.

    It sees what an answer is about, not whether it is right or complete. Answers that say that
    the model does not know, and questions without words, are not judged.
    """

    options_model = RelevanceOptions
    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.OUTPUT})
    unit = Unit.document()
    options: RelevanceOptions
    _embedder: Embedder

    async def setup(self, resources: Resources) -> None:
        self._embedder = await resources.embedder()

    async def check(self, item: Item) -> Finding | None:
        question = item.context.question
        is_short = len(_WORD.findall(item.text)) < self.options.fewest_words
        if item.context.abstained or is_short or not _WORD.search(question):
            return None
        asked, said = await self._embedder.embed([question, item.text])
        score = 1 / (1 + math.exp(SLOPE * (float(asked @ said) - MIDDLE)))
        return Finding(score, IRRELEVANT, (Range(0, len(item.text), IRRELEVANT, score),))

    def canaries(self) -> Sequence[Canary]:
        question = "How do I water a lemon tree in a pot on the balcony?"
        if self.options.fewest_words > 10:
            return ()
        return [
            Canary(
                "Water the lemon tree in its pot whenever the earth on top is dry.", False, question
            ),
            Canary(
                "The train to the capital leaves every hour from platform nine.", True, question
            ),
        ]
