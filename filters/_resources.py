"""The heavy things that filters share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from filters import Passage


class Classifier(Protocol):
    """A text classification model."""

    labels: tuple[str, ...]

    async def scores(self, texts: Sequence[str | tuple[str, str]]) -> NDArray[np.float32]:
        """Return one row per text and one column per label, each in [0, 1].

        A text longer than the model's window is read in overlapping windows, and each label
        keeps its highest score: nothing is cut off unread.
        """


class Embedder(Protocol):
    """A sentence embedding model."""

    dimension: int

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit-length row per text."""


class Retriever(Protocol):
    """A search over the indexed sources."""

    async def search(self, query: str, limit: int) -> list[Passage]:
        """Return the best passages first."""


class Resources(Protocol):
    """Heavy things that filters share, opened by the server."""

    async def classifier(self, bundle: str) -> Classifier:
        """Return the text classification bundle `name` or `name@version`."""

    async def embedder(self) -> Embedder:
        """Return the server's sentence encoder."""

    async def retriever(self) -> Retriever:
        """Return the search over the indexed sources."""
