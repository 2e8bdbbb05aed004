"""Closeness of sentences to a question."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

REMEMBERED = 4_096
"""Sentence vectors kept: the same sources are read again and again."""


class Embedder(Protocol):
    """What turns sentences into unit vectors."""

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text."""


class SentenceVectors:
    """Embeds sentences and remembers the vectors of those it saw last."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    async def cosines(self, question: str, sentences: Sequence[str]) -> list[float]:
        """Return each sentence's cosine with the question."""
        new = [text for text in dict.fromkeys(sentences) if text not in self._known]
        known = {text: self._known[text] for text in sentences if text in self._known}
        asked, *vectors = await self._embedder.embed([question, *new])
        known |= dict(zip(new, vectors, strict=True))
        self._remember(known)
        return [float(known[text] @ asked) for text in sentences]

    def _remember(self, vectors: dict[str, NDArray[np.float32]]) -> None:
        for text, vector in vectors.items():
            self._known[text] = vector
            self._known.move_to_end(text)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
