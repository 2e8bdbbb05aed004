"""The exchange: the one object that goes down through the pipeline and up again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from filters import Evidence, Passage, Range, Stage

SEPARATOR = "\n\n"
"""Between the messages in `Exchange.prompt`."""


class Outcome(StrEnum):
    """How an exchange ended."""

    COMPLETED = "completed"
    REWRITTEN = "rewritten"
    """Answered, with text that a filter changed."""
    BLOCKED = "blocked"
    """A filter found the prompt or the completion unfit."""
    FAILED = "failed"
    """Something broke: the model, a filter that fails closed, a deadline."""
    CANCELLED = "cancelled"
    """The client went away."""


class FinishReason(StrEnum):
    """Why the completion ended."""

    STOP = "stop"
    LENGTH = "length"
    NO_ANSWER = "no_answer"
    """The sources do not hold an answer, and the model said so."""
    BLOCKED = "blocked"
    ERROR = "error"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What the chain did about one filter's measurement, from mildest to strongest."""

    ALLOW = "allow"
    FLAG = "flag"
    REWRITE = "rewrite"
    BLOCK = "block"
    ERROR = "error"
    """The filter broke. Never a statement about the text."""


class Mode(StrEnum):
    """How far an instance's measurements count."""

    ENFORCE = "enforce"
    SHADOW = "shadow"
    """Measured and recorded; never blocks, rewrites or holds text back."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation that came with the request."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Citation:
    """Where in the passages an answer stands."""

    passage: int
    """Index into the exchange's passages."""
    source: str
    title: str
    start: int
    """Of the supporting sentence, in the passage's text."""
    end: int
    answer_start: int
    """Of the exact answer inside it, in the passage's text."""
    answer_end: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The chain's answer about one filter instance at one stage."""

    id: str
    """The instance's id in the chain."""
    filter: str
    version: str
    stage: Stage
    action: Action
    mode: Mode
    score: float
    threshold: float
    label: str
    ranges: tuple[Range, ...] = ()
    """Positions in the prompt as it was sent and, behind it, in the passages as they were sent along
    or found (`Exchange.passage_starts`), or in the text as the model wrote it."""
    evidence: tuple[Evidence, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    duration_ms: float = 0.0
    error: str | None = None
    """For the action `error`: `raised`, `timeout`, `unavailable`, `invalid`, `crashed`, `overloaded` or
    `circuit_open`."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch `[start, end)` of the original text that a filter replaced."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written by the model."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True)
class Exchange:
    """A prompt with everything that became of it."""

    messages: tuple[Message, ...]
    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    user: str | None = None
    session: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    key_id: UUID | None = None

    id: UUID = field(default_factory=uuid7)
    created_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    model_version: str = ""
    outcome: Outcome = Outcome.FAILED
    """Until something better is known: an exchange that is cut off has failed."""
    finish_reason: FinishReason = FinishReason.ERROR
    error_code: str | None = None
    generated: str = ""
    """What the model wrote, also when none of it may be seen."""
    completion: str = ""
    """What the filters released, as it is recorded."""
    prompt_edits: tuple[Edit, ...] = ()
    completion_edits: tuple[Edit, ...] = ()
    citations: tuple[Citation, ...] = ()
    verdicts: list[Verdict] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    timings_ms: dict[str, float] = field(default_factory=dict)
    """Milliseconds by name: `total`, `input_filters`, `model`, `output_filters`, …"""
    _restored: str | None = field(default=None, init=False, compare=False, repr=False)
    # Private fields are in no record.

    @property
    def released(self) -> str:
        """The completion as the client gets it.

        It differs from the completion where a filter wants a prompt's texts back in the place of
        their placeholders. That is for the client alone and in no record.
        """
        return self.completion if self._restored is None else self._restored

    @released.setter
    def released(self, text: str) -> None:
        self._restored = text

    @property
    def model_reference(self) -> str:
        """`name@version`; the name alone where the model is elsewhere."""
        return f"{self.model}@{self.model_version}" if self.model_version else self.model

    @property
    def prompt(self) -> str:
        """All messages as one text; ranges of input verdicts count in it."""
        return SEPARATOR.join(message.content for message in self.messages)

    @property
    def is_raw(self) -> bool:
        """Whether the prompt is a text to be continued as it stands; logged as a parameter."""
        return bool(self.parameters.get("raw"))

    @property
    def passage_starts(self) -> list[int]:
        """Where each passage begins for ranges and edits of the stages before the model.

        They count on behind the prompt as if the passages followed it, each after a `SEPARATOR`.
        """
        texts = [self.prompt, *(passage.text for passage in self.passages[:-1])]
        lengths = (len(text) + len(SEPARATOR) for text in texts)
        return list(accumulate(lengths))[: len(self.passages)]

    @property
    def last_user_message(self) -> Message | None:
        """The message that asks; what stands before it is history."""
        return next((m for m in reversed(self.messages) if m.role == "user"), None)

    @property
    def question(self) -> str:
        """The text of the last user message."""
        asked = self.last_user_message
        return asked.content if asked else ""
