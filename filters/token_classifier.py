"""Find stretches with any token classification model: names, places, whatever it was taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from filters import Canary, Filter, Finding, Item, Resources, Unit
from filters._hiding import Hiding, placeholders
from filters._scale import check_labels, check_thresholds
from filters._text.entity_reader import EntityReader
from filters._text.surest import summed


class TokenClassifierOptions(Hiding):
    """Which model reads, which of its labels count, and what becomes of what they mark."""

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

    def __init__(self, options: TokenClassifierOptions) -> None:
        super().__init__(options)
        check_thresholds(options.thresholds)
        check_labels("here", options.thresholds, options.labels)
        if bool(options.bad_example) != bool(options.good_example):
            raise ValueError("bad_example and good_example are given together")
        self.unit = Unit.sentence() if options.unit == "sentence" else Unit.document()
        self.placeholders = placeholders(options)
        self._reader = EntityReader(options.model, options.labels, options.thresholds)

    async def setup(self, resources: Resources) -> None:
        await self._reader.setup(resources)

    async def check(self, item: Item) -> Finding | None:
        [ranges] = await self._reader.ranges([item.text])
        return summed(ranges)

    def canaries(self) -> Sequence[Canary]:
        if not self.options.bad_example:
            return ()
        return [Canary(self.options.bad_example, True), Canary(self.options.good_example, False)]
