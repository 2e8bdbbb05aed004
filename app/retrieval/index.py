"""The hybrid index: what a passage means and which words it uses, fused by rank.

Vectors are compared exactly and words by BM25. The two scores have no common scale, so
their rankings are added up instead: reciprocal rank fusion (Cormack, Clarke, Büttcher 2009).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from bm25s import BM25
from numpy.typing import NDArray

from app.retrieval.words import index_words
from filters import Passage

# The library sets its own logger to DEBUG when it is imported.
logging.getLogger("bm25s").setLevel(logging.WARNING)

_RANK_OFFSET = 60
"""The constant of the paper: how little the first ranks count more than those after them."""
_CANDIDATES = 30
"""Passages of each ranking that take part; at least as many as are asked for."""
_K1, _B = 1.2, 0.4
"""Passages are of one length by design, so that the length counts little."""
_TITLE_WEIGHT = 2
"""How often the words of the headings count."""
_DECIMALS = 6
"""Scores that differ less are equal: then the order of the sources decides."""
_MOST_QUERY_WORDS = 256


class PassageIndex:
    """An immutable index over passages; may be searched from many threads at once."""

    def __init__(self, passages: Sequence[Passage], vectors: NDArray[np.float32]) -> None:
        """Index passages.

        Args:
            passages: In the order that decides between equals.
            vectors: One unit-length row for each; a row of zeros is found by its words only.

        Raises:
            ValueError: there are not as many vectors as passages.
        """
        if len(passages) != len(vectors):
            raise ValueError("every passage needs a vector")
        self._passages = tuple(passages)
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._lexical = _lexical(self._passages)

    def __len__(self) -> int:
        return len(self._passages)

    def search(self, query: str, vector: NDArray[np.float32], limit: int) -> list[Passage]:
        """Return the best passages first, no text twice.

        A score of 1 means first by meaning and first by words; about 0.5, first by one of them.
        """
        count = max(_CANDIDATES, limit)
        rankings = (_best(self._similarities(vector), count), _best(self._weights(query), count))
        fused: dict[int, float] = {}
        for ranking in rankings:
            for rank, index in enumerate(ranking, 1):
                fused[index] = fused.get(index, 0.0) + (_RANK_OFFSET + 1) / (_RANK_OFFSET + rank)
        order = sorted(fused, key=lambda index: (-fused[index], index))
        return self._distinct(order, fused, len(rankings), limit)

    def _distinct(
        self, order: list[int], fused: dict[int, float], num_rankings: int, limit: int
    ) -> list[Passage]:
        found: dict[str, Passage] = {}
        for index in order:
            if len(found) == limit:
                break
            passage = self._passages[index]
            score = round(fused[index] / num_rankings, _DECIMALS)
            found.setdefault(passage.text, replace(passage, score=score))
        return list(found.values())

    def _similarities(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        # Row by row and not as one matrix product: as fast, and no thread pool of the linear
        # algebra library gets in the way of the models' threads.
        return np.asarray(np.vecdot(self._vectors, vector), dtype=np.float32)

    def _weights(self, query: str) -> NDArray[np.float32]:
        words = list(dict.fromkeys(index_words(query)))[:_MOST_QUERY_WORDS]
        if self._lexical is None or not words:
            return np.zeros(len(self), dtype=np.float32)
        return np.asarray(self._lexical.get_scores(words), dtype=np.float32)


def _lexical(passages: Sequence[Passage]) -> BM25 | None:
    words = [
        index_words(passage.title) * _TITLE_WEIGHT + index_words(passage.text)
        for passage in passages
    ]
    if not any(words):
        return None
    index = BM25(k1=_K1, b=_B)
    index.index(words, show_progress=False)
    return index


def _best(scores: NDArray[np.float32], count: int) -> list[int]:
    """Return the positions of the highest positive scores, the first of equals first."""
    rounded = np.round(scores, _DECIMALS)
    lowest = np.partition(rounded, -count)[-count] if len(rounded) > count else 0.0
    candidates = np.flatnonzero((rounded > 0.0) & (rounded >= lowest))
    order = np.argsort(-rounded[candidates], kind="stable")
    return [int(index) for index in candidates[order][:count]]
