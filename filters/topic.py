"""Score whether a text is about topics that the operator describes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from filters import Canary, Embedder, Filter, Finding, Item, Options, Range, Resources, Unit

SLOPE = 20.0
"""How fast the score rises around `closeness`: from a quarter to three quarters within 0.11."""
CLOSENESS = {"deny": 0.3, "allow": 0.15}
"""Measured: one foreign question in fifty is closer than 0.3 to a topic with ten examples, one of
its own in ten is further away than 0.15."""
OTHER = "other"
_WORD = re.compile(r"\w+")

Texts = Annotated[tuple[str, ...], Field(min_length=1)]


class TopicOptions(Options):
    """The topics, and whether they are wanted."""

    topics: Mapping[str, Texts] = Field(min_length=1)
    """By name, what each is about: a short description and, better, examples of what people say
    or ask. Ten examples tell a topic much better apart than a description alone."""
    mode: Literal["deny", "allow"] = "deny"
    """`deny`: a text is bad when it is about one of the topics; `allow`: when it is about none."""
    closeness: float | None = Field(None, gt=0.0, lt=1.0)
    """How close to a topic, as the cosine of embeddings, counts as one half: by default 0.3 to deny
    and 0.15 to allow. Higher denies less, and allows less."""
    fewest_words: int = Field(3, ge=1)
    """Shorter texts, such as greetings, are not judged."""
    unit: Literal["sentence", "document"] = "document"
    """How much it judges at once. A sentence points at the place; a document has more to go by."""


class Topic(Filter):
    """Scores how close a text is to the topics, by embeddings and without any training.

    A text is as close to a topic as the mean of two cosines: to the topic's nearest text, and to
    the middle of them all.
    """

    options_model = TopicOptions
    options: TopicOptions
    _embedder: Embedder
    _topics: Mapping[str, NDArray[np.float32]]

    def __init__(self, options: TopicOptions) -> None:
        super().__init__(options)
        self.unit = Unit.sentence() if options.unit == "sentence" else Unit.document()
        self._middle = options.closeness or CLOSENESS[options.mode]

    async def setup(self, resources: Resources) -> None:
        self._embedder = await resources.embedder()
        self._topics = {
            name: await self._embedder.embed(texts) for name, texts in self.options.topics.items()
        }

    async def check(self, item: Item) -> Finding | None:
        if len(_WORD.findall(item.text)) < self.options.fewest_words:
            return None
        [text] = await self._embedder.embed([item.text])
        near = {name: self._chance(_closeness(text, rows)) for name, rows in self._topics.items()}
        nearest = max(near, key=lambda name: near[name])
        is_denying = self.options.mode == "deny"
        score = near[nearest] if is_denying else 1 - near[nearest]
        label = nearest if is_denying else OTHER
        return Finding(score, label, (Range(0, len(item.text), label, score),), scores=near)

    def canaries(self) -> Sequence[Canary]:
        """Return a text of the topics, if one is long enough, and one of none of them."""
        told = max((text for texts in self.options.topics.values() for text in texts), key=len)
        if min(len(_WORD.findall(told)), len(_WORD.findall(_NOTHING))) < self.options.fewest_words:
            return ()
        is_denying = self.options.mode == "deny"
        return [Canary(told, bad=is_denying), Canary(_NOTHING, bad=not is_denying)]

    def _chance(self, closeness: float) -> float:
        return 1 / (1 + math.exp(SLOPE * (self._middle - closeness)))


_NOTHING = "Qwz vrt plm sdf ghj kkl bnm xcv uio rty."
"""No words of any language, so no topic of anybody's."""


def _closeness(text: NDArray[np.float32], topic: NDArray[np.float32]) -> float:
    middle = topic.mean(axis=0)
    length = float(np.linalg.norm(middle))
    centre = float(text @ middle) / length if length > 0 else 0.0
    return (float((topic @ text).max()) + centre) / 2
