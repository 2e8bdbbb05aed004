"""Token classification: names, addresses and whatever else a model marks in a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.bundles import Bundle
from app.bundles.manifest import TokenClassification
from app.encoder.calls import Row
from app.encoder.canaries import check_canaries
from app.encoder.encoder import Encoder, EncoderModel, opening
from app.encoder.softmax import softmax
from app.encoder.tokens import PlacedWindow, Text, off_the_loop
from app.errors import BundleError, ModelOutputInvalid
from app.runtime import Workers, checked
from app.settings.model import RuntimeSettings

Placed = tuple[list[PlacedWindow], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class TokenScores:
    """The tokens of a text with what the model says of them."""

    ranges: tuple[tuple[int, int], ...]
    """Where each token stands in the text, `[start, end)`."""
    scores: NDArray[np.float32]
    """A row a token, a column a label; each row adds up to 1."""


class TextTokenClassifier(EncoderModel):
    """Scores the tokens of texts by label (implements `filters.TokenClassifier`).

    Raises:
        BundleError: the bundle is for another task or fails its golden check.
    """

    def __init__(self, encoder: Encoder) -> None:
        model = encoder.bundle.manifest.model
        if not isinstance(model, TokenClassification):
            raise BundleError(
                f"bundle {encoder.bundle.reference} is for {model.task}, not token-classification"
            )
        super().__init__(encoder)
        self.labels = model.labels
        check_canaries(encoder.bundle, self._highest_now)

    async def tokens(self, texts: Sequence[str]) -> list[TokenScores]:
        """Return each text's tokens with a score a label; the scores of a token add up to 1.

        A text longer than the model's window is read in overlapping windows. A token in two of
        them keeps the scores from the one in which it stands further from the edge.

        Raises:
            EngineBusy: the queue is full.
            ModelFailed: the graph failed, or returned NaN, Inf or a wrong shape.
        """
        placed = await off_the_loop(self._placed, texts)
        windows = [one.window for some, _ in placed for one in some]
        rows = iter(await self._encoder.runner.run(windows))
        return [self._scores(one, [next(rows) for _ in one[0]]) for one in placed]

    def _placed(self, texts: Sequence[str]) -> list[Placed]:
        return [self._encoder.tokens.placed_windows(text) for text in texts]

    def _highest_now(self, text: Text) -> NDArray[np.float32]:
        if not isinstance(text, str):
            raise ModelOutputInvalid
        placed = self._encoder.tokens.placed_windows(text)
        rows = self._encoder.runner.run_now([one.window for one in placed[0]])
        found = self._scores(placed, rows).scores
        return np.asarray(found.max(axis=0, initial=0.0), dtype=np.float32)

    def _scores(self, placed: Placed, rows: Sequence[Row]) -> TokenScores:
        windows, ranges = placed
        logits = np.zeros((len(ranges), len(self.labels)), dtype=np.float32)
        margins = np.full(len(ranges), -1)
        for one, row in zip(windows, rows, strict=True):
            read = checked(row["logits"], len(one.window.ids), len(self.labels))
            own = read[one.before : one.before + one.size]
            from_edge = np.minimum(np.arange(one.size), np.arange(one.size)[::-1])
            part = slice(one.first, one.first + one.size)
            better = from_edge > margins[part]
            logits[part][better] = own[better]
            margins[part][better] = from_edge[better]
        return TokenScores(tuple(ranges), softmax(logits))


def open_token_classifier(
    bundle: Bundle, settings: RuntimeSettings, workers: Workers | None = None
) -> TextTokenClassifier:
    """Open a token classification bundle and run its golden check.

    Args:
        bundle: what `load_bundle` returned.
        settings: provider, threads and queue.
        workers: threads shared with other models; without, it gets its own.

    Raises:
        BundleError: the bundle is for another task, cannot be loaded or fails the check.
        StartupError: ONNX Runtime is missing, or the GPU that was demanded.
    """
    with opening(bundle, settings, workers) as encoder:
        return TextTokenClassifier(encoder)
