"""Score a text with any text classification model: a bundle, a folder or a hub's repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from filters import Canary, Filter, Finding, Item, Options, Range, Resources, Unit
from filters import Classifier as TextModel
from filters._scale import check_labels, check_thresholds, scaled


class ClassifierOptions(Options):
    """Which model reads, and what its labels mean."""

    model: str
    """A bundle (`name`, `name@version`), a folder with an ONNX graph (`./folder`, `/folder`), or a
    repository of the hub (`OWNER/NAME`, `OWNER/NAME@REVISION`)."""
    labels: Mapping[str, str] = Field(min_length=1)
    """The labels that are bad, each with the name that findings give it: `{ LABEL_1 = "spam" }`.
    Two labels may share a name. The others count as harmless."""
    weights: Mapping[str, float] = Field(default_factory=dict)
    """Per label, how bad it is, above 0 and at most 1: its score is multiplied by this. 1 where
    nothing is said."""
    thresholds: Mapping[str, float] = Field(default_factory=dict)
    """Per label, the model's score that shall count as 0.5, where the model's own scale is off:
    scores below and above it are stretched in proportion."""
    combine: Literal["max", "sum"] = "max"
    """The score is that of the worst label, or the sum of all bad ones: right for a softmax that
    spreads over several shades of bad."""
    activation: Literal["sigmoid", "softmax"] | None = None
    """How the model's outputs become scores: each label for itself, or all together. By default as
    its `config.json` says, which is sometimes wrong for models of several labels a text."""
    unit: Literal["sentence", "document"] = "document"
    """How much it judges at once: what the model was trained on. `sentence` lets a stream flow."""
    bad_example: str = ""
    """A text that must score above the good example, or the server does not start."""
    good_example: str = ""
    """See `bad_example`; they are given together."""


class Classifier(Filter):
    """Scores the bad labels of a model that somebody else has trained.

    A text longer than the model's window is read in overlapping windows, and each label keeps its
    highest score.
    """

    options_model = ClassifierOptions
    options: ClassifierOptions
    _classifier: TextModel
    _columns: Mapping[str, int]

    def __init__(self, options: ClassifierOptions) -> None:
        super().__init__(options)
        check_thresholds(options.thresholds)
        check_labels("here", (*options.weights, *options.thresholds), options.labels)
        for label, weight in options.weights.items():
            if not 0 < weight <= 1:
                raise ValueError(f"weights.{label}: it lies above 0 and is at most 1")
        if bool(options.bad_example) != bool(options.good_example):
            raise ValueError("bad_example and good_example are given together")
        self.unit = Unit.sentence() if options.unit == "sentence" else Unit.document()

    async def setup(self, resources: Resources) -> None:
        model = self.options.model
        self._classifier = await resources.classifier(model, self.options.activation)
        known = self._classifier.labels
        check_labels(model, self.options.labels, known)
        self._columns = {label: known.index(label) for label in self.options.labels}

    async def check(self, item: Item) -> Finding | None:
        if not item.text.strip():
            return None
        [row] = await self._classifier.scores([item.text])
        scores = {label: self._score(label, row[at]) for label, at in self._columns.items()}
        worst = max(scores, key=lambda label: scores[label])
        total = sum(scores.values()) if self.options.combine == "sum" else scores[worst]
        score = min(total, 1.0)
        name = self.options.labels[worst]
        ranges = (Range(0, len(item.text), name, score),)
        return Finding(score, name, ranges, scores=self._named(scores))

    def canaries(self) -> Sequence[Canary]:
        if not self.options.bad_example:
            return ()
        return [Canary(self.options.bad_example, True), Canary(self.options.good_example, False)]

    def _score(self, label: str, raw: np.float32) -> float:
        stretched = scaled(np.asarray(raw), self.options.thresholds.get(label, 0.5))
        return float(stretched) * self.options.weights.get(label, 1.0)

    def _named(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        found: dict[str, float] = {}
        for label, score in scores.items():
            name = self.options.labels[label]
            found[name] = max(score, found.get(name, 0.0))
        return found
