"""The texts that share the most words with a text: what a search would find beside the truth."""

from __future__ import annotations

from collections.abc import Sequence

import bm25s


class Neighbours:
    """A word index over texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._index = bm25s.BM25()
        self._index.index(_tokens(texts), show_progress=False)

    def of(self, queries: Sequence[str], limit: int) -> list[list[int]]:
        """Return for each query the numbers of its nearest texts, nearest first."""
        found, _ = self._index.retrieve(_tokens(queries), k=limit, show_progress=False)
        return [[int(number) for number in row] for row in found]


def _tokens(texts: Sequence[str]) -> list[list[str]]:
    tokens: list[list[str]] = bm25s.tokenize(
        list(texts), stopwords="en", return_ids=False, show_progress=False
    )
    return tokens
