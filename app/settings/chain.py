"""One entry of the chain: a filter, where it stands, and what its measurements lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from app.exchange import Mode
from app.settings.group import Group, Name
from filters import Stage

Failure = Literal["raised", "unavailable", "invalid", "crashed", "overloaded", "circuit_open"]
"""What may keep a filter from judging, but for its deadline."""
Fate = Literal["closed", "open"]
"""Whether text that could not be judged is held back or let pass."""


class Calibration(Group):
    """A logistic curve over the log-odds of a score: `1 / (1 + exp(-(slope · log-odds + bias)))`."""

    slope: float = Field(1.0, gt=0, le=20)
    """Below 1 draws scores towards the middle, above 1 away from it."""
    bias: float = Field(0.0, ge=-100, le=100)
    """Raises all scores, or lowers them where it is negative."""


class ChainEntry(Group):
    """One filter instance and what its measurements lead to."""

    id: Name
    """Unique in the chain; the same filter may stand in it twice."""
    filter: Name
    """Name of the filter: `penstock filters list` shows them."""
    stage: Stage
    """On the prompt with what was sent along, on the passages that the model would read, or on the
    completion."""
    action: Literal["block", "rewrite", "flag"] = "flag"
    """What is done from the threshold on. At the stage `retrieval`, `block` leaves the passage out."""
    threshold: float = Field(0.5, ge=0, le=1)
    """From this score on the action is taken."""
    calibration: Calibration | None = None
    """Makes probabilities of the filter's scores, before the threshold is looked at; `penstock filters
    eval` finds the two numbers. What scores 0 stays 0."""
    mode: Mode = Mode.ENFORCE
    """`shadow` measures and records, and changes nothing; `off` does not even measure."""
    deadline_ms: float = Field(2_000.0, gt=0)
    """Longest time to judge one unit of text."""
    on_error: Fate | Mapping[Failure, Fate] = "closed"
    """`open` lets text pass that a broken filter could not judge. A table says it by what failed, and
    the rest is closed: `{ unavailable = "open" }`; there are `raised`, `unavailable`, `invalid`,
    `crashed`, `overloaded` and `circuit_open`."""
    on_timeout: Fate = "closed"
    """`open` lets text pass that a filter could not judge within its deadline."""
    breaker_failures: int | None = Field(None, ge=0)
    """After so many failures in a row the filter is not asked for `breaker_pause_s`, and text passes at
    once only if a table says so for `circuit_open`, or `on_error` and `on_timeout` are both `open`; 0 is
    never. Not set, it is 5 where that is closed and never where it is open: else texts that break a
    filter could switch it off for others. Only failures that are closed count then."""
    breaker_pause_s: float = Field(10.0, gt=0)
    """How long the filter is left alone; then one text tries it again."""
    isolation: Literal["auto", "process"] = "auto"
    """`process` runs the filter in processes of its own, which are killed at the deadline and when they
    grow too large; `auto` leaves it to the filter. Filters that use models or searches cannot be
    isolated."""
    processes: int = Field(1, ge=1, le=64)
    """How many processes an isolated filter gets; each judges one text at a time."""
    memory_bytes: int = Field(512_000_000, ge=16_000_000)
    """By how much a process of an isolated filter may grow after its set-up. From three quarters of it
    on the process is replaced between two texts."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The filter's own: `penstock filters show NAME` explains them."""

    @field_validator("on_error", mode="before")
    @classmethod
    def _failures_have_fates(cls, given: Any) -> Any:
        for failure, fate in given.items() if isinstance(given, Mapping) else ((None, given),):
            path = {"path": (failure,) if failure else ()}
            if failure is not None and failure not in get_args(Failure):
                known = f"nothing fails so; known are {', '.join(get_args(Failure))}"
                raise PydanticCustomError("unknown_failure", known, path)
            if fate not in get_args(Fate):
                raise PydanticCustomError("no_fate", "it should be 'closed' or 'open'", path)
        return given

    def lets_pass(self, failure: Failure | Literal["timeout"]) -> bool:
        """Whether text passes that could not be judged because of this."""
        if failure == "timeout":
            return self.on_timeout == "open"
        if isinstance(self.on_error, str):
            may_be_late = failure != "circuit_open" or self.on_timeout == "open"
            return self.on_error == "open" and may_be_late
        return self.on_error.get(failure) == "open"
