"""Score insults, threats, obscenity and attacks with a text classification bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from filters import Canary, Classifier, Filter, Finding, Item, Options, Range, Resources, Unit
from filters._scale import check_labels, check_thresholds, scaled
from filters._text.model_text import readings
from filters._text.sentences import sentence_spans
from filters._text.worst_readings import worst_scores

FEWEST_WORDS = 8
"""In a whole text, shorter sentences are read with their neighbours: `You. Are. Scum.`"""

_BAD = {
    "toxicity": "You are a stupid, worthless idiot and everybody hates you.",
    "severe_toxicity": "Fuck you, you fucking piece of shit, go die.",
    "obscene": "What the fuck is this fucking bullshit?",
    "threat": "I will find you and kill you.",
    "insult": "You are a stupid, worthless idiot and everybody hates you.",
    "identity_attack": "All gay people are disgusting and should be exterminated.",
}
_GOOD = (
    "The weather is lovely today, thank you for asking.",
    "How do I change the oil filter of my car?",
    "The library opens at nine in the morning.",
)


class ToxicityOptions(Options):
    """Which model reads, and which of its labels count."""

    bundle: str = "toxicity"
    """The text classification bundle: `name` or `name@version`."""
    labels: tuple[str, ...] = ()
    """The labels that count; none means all the bundle has."""
    thresholds: Mapping[str, float] = Field(default_factory=dict)
    """Per label, the model's score that shall count as 0.5, where the model's own scale is off:
    scores below and above it are stretched in proportion."""
    unit: Literal["sentence", "document"] = "sentence"
    """`document` waits for the whole text and reads short sentences together."""


class Toxicity(Filter):
    """Scores the worst of the chosen labels.

    Sentence by sentence, because one bad sentence drowns in a long harmless text, because the
    finding shall point at it, and because a stream can flow on after each. A text in disguise is
    read both as it stands and as it is meant, and the worse reading counts.
    """

    options_model = ToxicityOptions
    unit = Unit.sentence()
    options: ToxicityOptions
    _classifier: Classifier
    _columns: Mapping[str, int]

    def __init__(self, options: ToxicityOptions) -> None:
        super().__init__(options)
        check_thresholds(options.thresholds)
        if options.unit == "document":
            self.unit = Unit.document()

    async def setup(self, resources: Resources) -> None:
        self._classifier = await resources.classifier(self.options.bundle)
        known = self._classifier.labels
        check_labels(self.options.bundle, (*self.options.labels, *self.options.thresholds), known)
        chosen = self.options.labels or known
        self._columns = {label: known.index(label) for label in chosen}

    async def check(self, item: Item) -> Finding | None:
        spans = self._parts(item.text)
        read = [readings(item.text[start:end]) for start, end in spans]
        if not any(read):
            return None
        return self._finding(spans, await worst_scores(self._classifier, read))

    def canaries(self) -> Sequence[Canary]:
        chosen = self.options.labels or tuple(_BAD)
        bad = dict.fromkeys(_BAD[label] for label in chosen if label in _BAD)
        good = [Canary(text, bad=False) for text in _GOOD]
        return [*(Canary(text, bad=True) for text in bad), *good]

    def _parts(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))] if self.unit.kind == "sentence" else _grouped(text)

    def _finding(self, spans: list[tuple[int, int]], rows: NDArray[np.float32]) -> Finding:
        counted = np.stack(
            [
                scaled(rows[:, col], self.options.thresholds.get(label, 0.5))
                for label, col in self._columns.items()
            ],
            axis=1,
        )
        labels = list(self._columns)
        worst = counted.max(axis=1)
        top = int(worst.argmax())
        # Where the line is drawn is the operator's choice, so every part has its range.
        ranges = tuple(
            Range(start, end, labels[int(counted[number].argmax())], float(worst[number]))
            for number, (start, end) in enumerate(spans)
        )
        scores = {
            label: float(rows[:, col].max()) for col, label in enumerate(self._classifier.labels)
        }
        return Finding(float(worst[top]), labels[int(counted[top].argmax())], ranges, scores=scores)


def _grouped(text: str) -> list[tuple[int, int]]:
    """Return the sentences of a text, short ones together with those that follow."""
    groups: list[tuple[int, int]] = []
    for start, end in sentence_spans(text):
        if groups and len(text[slice(*groups[-1])].split()) < FEWEST_WORDS:
            groups[-1] = groups[-1][0], end
        else:
            groups.append((start, end))
    return groups
