"""Find names with a model, in whole sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from filters import Range, Resources
from filters._text.entities import Kinds
from filters._text.entity_reader import EntityReader
from filters._text.sentences import sentence_spans

PERSONS = ("PER", "PERSON")
"""What models call a person, in any case; they count where nothing else is said."""

FEWEST_CHARS = 200
"""What a name is recognised by: shorter sentences are read together with those that follow."""

_AROUND = 64
_LONGEST = 128


class NameFinder:
    """Finds names of persons, and of what else the operator wants.

    Args:
        model: a bundle, a folder or a repository with a token classification model.
        labels: the model's labels that count, each with its name; none stands for persons.
        threshold: the score from which on a word belongs to a name, and that counts as 0.5.
    """

    def __init__(self, model: str, labels: Mapping[str, str], threshold: float) -> None:
        self._model = model
        self._labels = labels
        self._threshold = threshold
        self._reader: EntityReader

    async def setup(self, resources: Resources) -> None:
        """Get the model.

        Raises:
            ValueError: it has no such label.
        """
        labels = self._labels or await self._persons(resources)
        thresholds = dict.fromkeys(labels, self._threshold)
        self._reader = EntityReader(self._model, labels, thresholds)
        await self._reader.setup(resources)

    async def find(self, text: str) -> list[Range]:
        """Return the names in a text, in order."""
        spans = list(_stretches(text))
        read = await self._reader.ranges([text[start:end] for start, end in spans])
        return [
            Range(start + name.start, start + name.end, name.label, name.score)
            for (start, _), names in zip(spans, read, strict=True)
            for name in names
        ]

    async def _persons(self, resources: Resources) -> dict[str, str]:
        kinds = Kinds.of((await resources.token_classifier(self._model)).labels).names
        persons = {kind: "person" for kind in kinds if kind.upper() in PERSONS}
        if not persons:
            raise ValueError(
                f"model {self._model} has no label {' or '.join(PERSONS)}, only {', '.join(kinds)}: "
                'name_labels says which count, as { GIVENNAME = "person" }'
            )
        return persons


def margin(name: Range) -> int:
    """Return how many characters around a name had a say in it: whether another word belongs to it.

    At the edge of a window those are not there. What is too long for the overlap of two windows must
    not be left by each to the other, and has nothing around it.
    """
    return _AROUND if name.end - name.start <= _LONGEST else 1


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Yield `[start, end)` of sentences, short ones together."""
    first: int | None = None
    end = 0
    for start, end in sentence_spans(text):
        first = start if first is None else first
        if end - first >= FEWEST_CHARS:
            yield first, end
            first = None
    if first is not None:
        yield first, end
