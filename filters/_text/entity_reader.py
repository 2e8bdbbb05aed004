"""Read texts with a token classification model, and name what it marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from filters import Range, Resources, TokenClassifier
from filters._scale import check_labels
from filters._text.entities import Kinds, entities
from filters._text.worst_readings import AT_ONCE


class EntityReader:
    """Finds the stretches of some of a model's kinds.

    Args:
        model: a bundle, a folder or a repository.
        labels: the kinds that count, each with the name that ranges give it.
        thresholds: per kind, the score from which on a word belongs to it, and that counts as 0.5.
    """

    def __init__(
        self, model: str, labels: Mapping[str, str], thresholds: Mapping[str, float]
    ) -> None:
        self._model = model
        self._labels = labels
        self._thresholds = {kind: thresholds.get(kind, 0.5) for kind in labels}
        self._classifier: TokenClassifier
        self._kinds: Kinds

    async def setup(self, resources: Resources) -> None:
        """Get the model.

        Raises:
            ValueError: it has no such kind; names those that it has.
        """
        self._classifier = await resources.token_classifier(self._model)
        self._kinds = Kinds.of(self._classifier.labels)
        check_labels(self._model, self._labels, self._kinds.names)

    async def ranges(self, texts: Sequence[str]) -> list[list[Range]]:
        """Return the stretches of each text, in order."""
        found = []
        for at in range(0, len(texts), AT_ONCE):
            some = texts[at : at + AT_ONCE]
            for text, tokens in zip(some, await self._classifier.tokens(some), strict=True):
                read = entities(text, tokens, self._kinds, self._thresholds)
                found.append([Range(e.start, e.end, self._labels[e.kind], e.score) for e in read])
        return found
