"""Find stretches with any token classification model: names, places, whatever it was taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from filters import Canary, Filter, Finding, Item, Options, Range, Resources, Unit
from filters import TokenClassifier as TokenModel
from filters._scale import check_labels, check_thresholds
from filters.token_classifier.entities import Kinds, entities


class TokenClassifierOptions(Options):
    """Which model reads, and which of its labels count."""

    model: str
    """A bundle (`name`, `name@version`), a folder with an ONNX graph (`./folder`, `/folder`), or a
    repository of the hub (`OWNER/NAME`, `OWNER/NAME@REVISION`)."""
    labels: Mapping[str, str] = Field(min_length=1)
    """The kinds that count, without `B-` and `I-`, each with the name that findings give it:
    `{ PER = "person", LOC = "place" }`."""
    thresholds: Mapping[str, float] = Field(default_factory=dict)
    """Per kind, the score from which on a word belongs to it, and that counts as 0.5. 0.5 where
    nothing is said; lower finds more."""
    unit: Literal["sentence", "document"] = "sentence"
    """How much it judges at once. `sentence` lets a stream flow; a document gives the model more to
    go by."""
    bad_example: str = ""
    """A text in which something must be found, or the server does not start."""
    good_example: str = ""
    """A text that must score below the bad example; they are given together."""


class TokenClassifier(Filter):
    """Scores the stretches that a model marks; the score is that of the surest one.

    Words are judged whole, whatever pieces the model reads, and neighbours of one kind are one
    stretch unless the model says that another one begins. A text longer than the model's window
    is read in overlapping windows.
    """

    options_model = TokenClassifierOptions
    options: TokenClassifierOptions
    _classifier: TokenModel
    _kinds: Kinds

    def __init__(self, options: TokenClassifierOptions) -> None:
        super().__init__(options)
        check_thresholds(options.thresholds)
        check_labels("here", options.thresholds, options.labels)
        if bool(options.bad_example) != bool(options.good_example):
            raise ValueError("bad_example and good_example are given together")
        self.unit = Unit.sentence() if options.unit == "sentence" else Unit.document()

    async def setup(self, resources: Resources) -> None:
        self._classifier = await resources.token_classifier(self.options.model)
        self._kinds = Kinds.of(self._classifier.labels)
        check_labels(self.options.model, self.options.labels, self._kinds.names)

    async def check(self, item: Item) -> Finding | None:
        [tokens] = await self._classifier.tokens([item.text])
        thresholds = {kind: self.options.thresholds.get(kind, 0.5) for kind in self.options.labels}
        found = entities(item.text, tokens, self._kinds, thresholds)
        if not found:
            return None
        names = self.options.labels
        ranges = tuple(Range(one.start, one.end, names[one.kind], one.score) for one in found)
        surest = max(ranges, key=lambda one: one.score)
        scores: dict[str, float] = {}
        for one in ranges:
            scores[one.label] = max(one.score, scores.get(one.label, 0.0))
        return Finding(surest.score, surest.label, ranges, scores=scores)

    def canaries(self) -> Sequence[Canary]:
        if not self.options.bad_example:
            return ()
        return [Canary(self.options.bad_example, True), Canary(self.options.good_example, False)]
