"""The heavy things that filters share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

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


class TokenScores(Protocol):
    """The tokens of a text, as a model reads it."""

    @property
    def ranges(self) -> Sequence[tuple[int, int]]:
        """Where each token stands in the text, `[start, end)`."""

    @property
    def scores(self) -> NDArray[np.float32]:
        """A row a token, a column a label; each row adds up to 1."""


class TokenClassifier(Protocol):
    """A token classification model."""

    labels: tuple[str, ...]
    """As the model names them: `O`, `B-PER`, `I-PER`, …"""

    async def tokens(self, texts: Sequence[str]) -> Sequence[TokenScores]:
        """Return each text's tokens with their scores, however long it is."""


class Embedder(Protocol):
    """A sentence embedding model."""

    dimension: int

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit-length row per text."""


class Sample(Protocol):
    """A completion that was written for a filter."""

    @property
    def text(self) -> str:
        """What was written."""

    @property
    def certainty(self) -> float:
        """The geometric mean of its tokens' probabilities, in [0, 1]."""


class Generator(Protocol):
    """A language model that the server serves."""

    async def sample(
        self,
        question: str,
        passages: Sequence[str],
        *,
        temperature: float,
        max_tokens: int,
        seed: int,
    ) -> Sample:
        """Write one completion for a question; the same seed writes the same again.

        It takes a place among the server's requests; cancelling gives the place back.
        """


class Retriever(Protocol):
    """A search over the indexed sources."""

    async def search(self, query: str, limit: int) -> list[Passage]:
        """Return the best passages first."""


class Resources(Protocol):
    """Heavy things that filters share, opened by the server."""

    async def classifier(
        self, bundle: str, activation: Literal["sigmoid", "softmax"] | None = None
    ) -> Classifier:
        """Return a text classification model.

        Args:
            bundle: `name` or `name@version`; a folder of this machine (`./folder`, `/folder`) or
                a repository of the hub (`OWNER/NAME`, `OWNER/NAME@REVISION`), of which a bundle
                is made first.
            activation: how its outputs become scores, where the model says it wrongly.
        """

    async def token_classifier(self, bundle: str) -> TokenClassifier:
        """Return a token classification model, named as for `classifier`."""

    async def embedder(self) -> Embedder:
        """Return the server's sentence encoder."""

    async def retriever(self) -> Retriever:
        """Return the search over the indexed sources."""

    async def generator(self, model: str = "") -> Generator:
        """Return a served language model, by default the server's own.

        Raises:
            Exception: it is not served, or does not write texts.
        """
