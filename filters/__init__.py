"""The contract between Penstock and its filters.

A filter measures; the chain decides. A filter is one class in one file of this folder (or in
an installed package, entry-point group `penstock.filters`). It looks at one unit of text at a
time and returns a Finding, or None when it has nothing to say. Whether that finding blocks,
rewrites or only flags is the operator's choice, written in the chain's settings.

    class Shouting(Filter):
        '''Find text in capitals.'''

        unit = Unit.sentence()

        async def check(self, item: Item) -> Finding | None:
            share = sum(map(str.isupper, item.text)) / len(item.text)
            return Finding(score=share, label="shouting")

All character positions are Python string indices, start inclusive and end exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Literal

from filters import _checks
from filters._failures import Busy, Unavailable
from filters._options import Options
from filters._placeholders import Placeholders
from filters._resources import (
    Classifier,
    Embedder,
    Generator,
    Resources,
    Retriever,
    Sample,
    TokenClassifier,
    TokenScores,
)
from filters._role import Role
from filters._threads import in_thread
from filters._unit import Unit

__all__ = [
    "Busy",
    "Canary",
    "Classifier",
    "Context",
    "Embedder",
    "Evidence",
    "Filter",
    "Finding",
    "Generator",
    "Isolation",
    "Item",
    "Options",
    "Passage",
    "Placeholders",
    "Range",
    "Resources",
    "Retriever",
    "Role",
    "Sample",
    "Stage",
    "TokenClassifier",
    "TokenScores",
    "Unavailable",
    "Unit",
    "in_thread",
]


Isolation = Literal["none", "process"]
"""Where a filter runs: in the server, or in a process of its own."""


class Stage(StrEnum):
    """Where in the story of a request a filter runs."""

    INPUT = "input"
    """On the prompt and the passages that came with it, before the model."""
    RETRIEVAL = "retrieval"
    """On each passage, whether it came with the prompt or was found for it, before the model reads it.
    The action `block` leaves the passage out; the others keep their order."""
    OUTPUT = "output"
    """On the completion, before the client."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a source that was retrieved for a prompt."""

    id: str
    text: str
    source: str
    """Name or path of the source, for the citation."""
    title: str = ""
    """Heading the piece stands under."""
    score: float = 0.0
    """How well it fits the prompt; higher is better, comparable within one search only."""

    def __post_init__(self) -> None:
        _checks.texts("a passage", self.id, self.text, self.source, self.title)
        _checks.number("a passage", self.score)


@dataclass(frozen=True, slots=True)
class Range:
    """A labelled stretch `[start, end)` of the item's text."""

    start: int
    end: int
    label: str
    score: float = 1.0
    """As a finding's: the chain heeds the ranges from the operator's threshold on."""
    replacement: str | None = None
    """What stands there if the chain rewrites; None removes the stretch for a `[label]`."""

    def __post_init__(self) -> None:
        _checks.positions("a range", self.start, self.end)
        _checks.texts("a range", self.label, "" if self.replacement is None else self.replacement)
        _checks.score("a range", self.score)
        if not 0 <= self.start < self.end:
            raise ValueError("a range needs 0 <= start < end")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The stretch of a passage that supports or contradicts a range of the text."""

    passage: int
    """Index into the item's passages."""
    start: int
    end: int
    label: str
    score: float

    def __post_init__(self) -> None:
        _checks.positions("evidence", self.passage, self.start, self.end)
        _checks.texts("evidence", self.label)
        _checks.score("evidence", self.score)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a filter measured in one item.

    Findings and their parts check themselves, so that what is recorded can be written and read.

    Raises:
        TypeError: a field has the wrong type; a path or a plain enum is no `str`.
        ValueError: a score is not a number in [0, 1].
    """

    score: float
    """0 is harmless, 1 is certainly what the filter looks for: higher is always worse."""
    label: str
    ranges: tuple[Range, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    passages: tuple[Passage, ...] = ()
    """Passages found for the prompt; the chain adds them to the exchange. Heeded at the input only."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Every label's score, where the filter knows several."""

    def __post_init__(self) -> None:
        _checks.score("a finding", self.score)
        _checks.texts("a finding", self.label)
        _checks.members("a finding", self.ranges, Range)
        _checks.members("a finding", self.evidence, Evidence)
        _checks.members("a finding", self.passages, Passage)
        _checks.scores("a finding", self.scores)


_ROLES = {Stage.INPUT: Role.USER, Stage.RETRIEVAL: Role.PASSAGE, Stage.OUTPUT: Role.ASSISTANT}
"""Who speaks at a stage, if nothing else is said."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a filter may know of the exchange beside the text it judges."""

    stage: Stage
    question: str
    """The last user message: at the input as it was sent, later as the model reads it. The whole prompt,
    with what came before it, is judged message by message."""
    passages: tuple[Passage, ...] = ()
    """At the input those of the request, at the output those that the model read, and at the stage
    `retrieval` the one whose text is judged."""
    abstained: bool = False
    """The model answered that it does not know; its text makes no claim."""
    instructions: tuple[str, ...] = ()
    """The system and developer messages of the prompt: at the input as they were sent, later as the
    model reads them."""
    role: Role = None  # type: ignore[assignment]
    """Who speaks in the text that is judged; if it is not given, as the stage suggests: the user, a
    passage, the assistant."""

    def __post_init__(self) -> None:
        if self.role is None:
            object.__setattr__(self, "role", _ROLES[self.stage])


@dataclass(frozen=True, slots=True)
class Item:
    """One unit of text to judge."""

    text: str
    context: Context
    start: int = 0
    """Where this unit begins in the whole text. Ranges count from the unit, not from there."""
    before: int = 0
    """How many characters at its beginning the window before it held, too."""
    after: int = 0
    """How many characters at its end the window after it will hold, too; 0 where the text ends."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A text whose verdict is known; the server is not ready before its filters tell them apart."""

    text: str
    bad: bool
    question: str = ""
    passages: tuple[Passage, ...] = ()
    instructions: tuple[str, ...] = ()

    def item(self, stage: Stage) -> Item:
        """Return the unit to judge at a stage; at `retrieval` it is the text of a passage."""
        passages = self.passages
        if stage is Stage.RETRIEVAL and not passages:
            passages = (Passage("canary", self.text, "canary"),)
        context = Context(
            stage, self.question or self.text, passages, instructions=self.instructions
        )
        return Item(self.text, context)


class Filter:
    """Base class of all filters.

    A filter keeps no state between items: many requests pass through one instance at once.
    """

    options_model: ClassVar[type[Options]] = Options
    """The model its options are validated with, at start."""
    stages: ClassVar[frozenset[Stage]] = frozenset(Stage)
    """Where it may be placed."""
    unit: Unit = Unit.document()
    """What it judges at once; an instance may set its own from its options."""
    placeholders: Placeholders | None = None
    """How the chain rewrites ranges without a replacement; None: as `[label]`. An instance may set
    its own from its options."""
    every_message: ClassVar[bool] = True
    """Judge every message of a conversation and every passage sent along; False: only the last user
    message."""
    isolation: ClassVar[Isolation] = "none"
    """`process` runs it in a process of its own, which is killed at the deadline: for Python that may
    compute for long, for libraries that may crash. Such a filter has no `resources`."""
    version: ClassVar[str] = "1"
    """Raised when the same text may get another finding; recorded with each verdict."""

    def __init__(self, options: Options) -> None:
        self.options = options

    async def setup(self, resources: Resources) -> None:
        """Get shared resources once, before the first item."""

    async def check(self, item: Item) -> Finding | None:
        """Measure one unit; None is the same as a score of 0.

        Raises:
            Unavailable: what it asks is away.
            Busy: what it asks is at its limit.
            Exception: anything else that keeps it from judging.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Release what `setup` took for this filter alone; called only if `setup` succeeded."""

    def canaries(self) -> Sequence[Canary]:
        """Return texts that this instance, with its options, must tell apart."""
        return ()
