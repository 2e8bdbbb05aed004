"""Embeddings of passages, as they are computed and as they are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filters import Embedder

BATCH = 32
"""Texts embedded at once: small enough to leave room in the queue that searches share."""
STORED = np.dtype("<f2")


class NamedEmbedder(Embedder, Protocol):
    """An embedder whose vectors can be told from those of another one."""

    @property
    def reference(self) -> str:
        """`name@version`."""


Progress = Callable[[int, int], None]
"""Told how much of how much is done."""


async def embed_passages(
    embedder: Embedder, passages: Sequence[tuple[str, str]], progress: Progress | None = None
) -> list[bytes]:
    """Return the stored form of the embedding of each (title, text).

    Raises:
        ModelFailed: the embedder failed.
    """
    texts = [f"{title}\n{text}" for title, text in passages]
    found: list[bytes] = []
    for start in range(0, len(texts), BATCH):
        rows = await embedder.embed(texts[start : start + BATCH])
        found += [row.astype(STORED).tobytes() for row in rows]
        if progress:
            progress(len(found), len(texts))
    return found


def read_vectors(stored: Sequence[bytes], dimension: int) -> NDArray[np.float32]:
    """Return stored embeddings as rows of length one; empty or unfit ones as zeros."""
    rows = np.zeros((len(stored), dimension), dtype=np.float32)
    for row, content in zip(rows, stored, strict=True):
        if len(content) == dimension * STORED.itemsize:
            row[:] = np.frombuffer(content, dtype=STORED)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    usable = np.isfinite(lengths) & (lengths > 0)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=usable))
