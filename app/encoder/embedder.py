"""Sentence embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.bundles import Bundle
from app.bundles.manifest import FeatureExtraction
from app.encoder.calls import Row
from app.encoder.canaries import check_canaries
from app.encoder.encoder import Encoder, EncoderModel, opening
from app.errors import BundleError, ModelOutputInvalid
from app.runtime import Workers, checked
from app.settings.model import RuntimeSettings


class TextEmbedder(EncoderModel):
    """Embeds texts as vectors of length one (implements `filters.Embedder`).

    Raises:
        BundleError: the bundle is for another task or fails its golden check.
    """

    def __init__(self, encoder: Encoder) -> None:
        model = encoder.bundle.manifest.model
        if not isinstance(model, FeatureExtraction):
            raise BundleError(
                f"bundle {encoder.bundle.reference} is for {model.task}, not feature-extraction"
            )
        super().__init__(encoder)
        self.dimension = model.dimension
        self.reference = encoder.bundle.reference
        check_canaries(encoder.bundle, lambda text: self._mean(encoder.read_now(text)))

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit-length row per text; a long text gets the mean of its windows.

        Raises:
            EngineBusy: the queue is full.
            ModelFailed: the graph failed, or returned NaN, Inf or a wrong shape.
        """
        rows = [self._mean(some) for some in await self._encoder.read(texts)]
        return np.stack(rows) if rows else np.zeros((0, self.dimension), dtype=np.float32)

    def _mean(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        total = np.sum([checked(row["embedding"], self.dimension) for row in rows], axis=0)
        length = np.linalg.norm(total)
        if not length > 0:
            raise ModelOutputInvalid
        return np.asarray(total / length, dtype=np.float32)


def open_embedder(
    bundle: Bundle, settings: RuntimeSettings, workers: Workers | None = None
) -> TextEmbedder:
    """Open a feature extraction bundle and run its golden check.

    Args:
        bundle: what `load_bundle` returned.
        settings: provider, threads and queue.
        workers: threads shared with other models; without, it gets its own.

    Raises:
        BundleError: the bundle is for another task, cannot be loaded or fails the check.
        StartupError: ONNX Runtime is missing, or the GPU that was demanded.
    """
    with opening(bundle, settings, workers) as encoder:
        return TextEmbedder(encoder)
