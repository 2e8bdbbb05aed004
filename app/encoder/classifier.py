"""Text classification."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.bundles import Bundle
from app.bundles.manifest import TextClassification
from app.encoder.calls import Row
from app.encoder.canaries import check_canaries
from app.encoder.encoder import Encoder, EncoderModel, opening
from app.encoder.softmax import softmax
from app.encoder.tokens import Text
from app.errors import BundleError, InvalidRequest
from app.runtime import Workers, checked
from app.settings.model import RuntimeSettings


class TextClassifier(EncoderModel):
    """Scores texts, or pairs of texts, by label (implements `filters.Classifier`).

    Raises:
        BundleError: the bundle is for another task or fails its golden check.
    """

    def __init__(self, encoder: Encoder) -> None:
        model = encoder.bundle.manifest.model
        if not isinstance(model, TextClassification):
            raise BundleError(
                f"bundle {encoder.bundle.reference} is for {model.task}, not text-classification"
            )
        super().__init__(encoder)
        self.read_from: TextClassifier | None = None
        """What it is a copy of, and what therefore must stay loaded."""
        self.model = model
        self.labels = model.labels
        check_canaries(encoder.bundle, lambda text: self._best(encoder.read_now(text)))

    async def scores(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """Return one row per text and one column per label, each in [0, 1].

        A text longer than the model's window is read in overlapping windows, and each label
        keeps its highest score.

        Raises:
            InvalidRequest: single texts for a model of pairs, or the other way round.
            EngineBusy: the queue is full.
            ModelFailed: the graph failed, or returned NaN, Inf or a wrong shape.
        """
        if any(isinstance(text, tuple) != self.model.pair for text in texts):
            raise InvalidRequest(f"This model reads {'pairs' if self.model.pair else 'texts'}.")
        rows = [self._best(some) for some in await self._encoder.read(texts)]
        return np.stack(rows) if rows else np.zeros((0, len(self.labels)), dtype=np.float32)

    def with_activation(self, activation: Literal["sigmoid", "softmax"] | None) -> TextClassifier:
        """Return this classifier, its outputs read in another way; None leaves it as it is."""
        if activation in (None, self.model.activation):
            return self
        other = copy(self)
        other.read_from = self
        other.model = self.model.model_copy(update={"activation": activation})
        return other

    def _best(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        logits = np.stack([checked(row["logits"], len(self.labels)) for row in rows])
        if self.model.activation == "sigmoid":
            scores = np.exp(-np.logaddexp(0.0, -logits))
        else:
            scores = softmax(logits)
        return np.asarray(scores.max(axis=0), dtype=np.float32)


def open_classifier(
    bundle: Bundle, settings: RuntimeSettings, workers: Workers | None = None
) -> TextClassifier:
    """Open a text classification bundle and run its golden check.

    Args:
        bundle: what `load_bundle` returned.
        settings: provider, threads and queue.
        workers: threads shared with other models; without, it gets its own.

    Raises:
        BundleError: the bundle is for another task, cannot be loaded or fails the check.
        StartupError: ONNX Runtime is missing, or the GPU that was demanded.
    """
    with opening(bundle, settings, workers) as encoder:
        return TextClassifier(encoder)
