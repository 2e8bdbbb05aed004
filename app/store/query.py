"""Questions about the log, and what a list of answers shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from app.exchange import Action, FinishReason, Mode, Outcome
from filters import Stage

TEXT_WINDOW = dt.timedelta(days=31)
"""How far back a text search goes when the question does not say."""


FIRST_MOMENT = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class ExchangeQuery:
    """Which exchanges are asked for; every part that is given must hold."""

    outcome: Outcome | None = None
    instance: str | None = None
    """Id of a filter in the chain that did something: any action but `allow`."""
    action: Action | None = None
    """What a filter did; with `instance`, what that one did."""
    model: str | None = None
    session: str | None = None
    user: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    """Exclusive."""
    text: str | None = None
    """Words, "phrases", `or` and `-not`, in the prompt, the completion or what the model wrote."""

    @property
    def earliest(self) -> dt.datetime | None:
        """The moment from which on exchanges are looked at: a search of text has a window."""
        if self.since is None and self.text is not None:
            until = self.until or dt.datetime.now(dt.UTC)
            return max(until, FIRST_MOMENT + TEXT_WINDOW) - TEXT_WINDOW
        return self.since


@dataclass(frozen=True, slots=True)
class VerdictSummary:
    """A verdict other than `allow`, for a list."""

    id: str
    """The instance's id in the chain."""
    stage: Stage
    action: Action
    mode: Mode
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class ExchangeSummary:
    """What a list shows of an exchange. Characters that Postgres cannot hold are replaced."""

    id: UUID
    created_at: dt.datetime
    model: str
    model_version: str
    outcome: Outcome
    finish_reason: FinishReason
    error_code: str | None
    user: str | None
    session: str | None
    total_ms: float | None
    prompt: str | None
    """Its beginning; None past its retention."""
    completion: str | None
    """Its beginning; None past its retention."""
    verdicts: tuple[VerdictSummary, ...]
