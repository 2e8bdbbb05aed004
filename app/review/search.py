"""The list's questions: every state of the page is a URL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from app.errors import InvalidRequest
from app.exchange import Action, Outcome
from app.store.query import ExchangeQuery

PERIODS: Mapping[str, tuple[str, dt.timedelta | None]] = {
    "": ("any", None),
    "1h": ("last hour", dt.timedelta(hours=1)),
    "24h": ("last 24 hours", dt.timedelta(days=1)),
    "7d": ("last 7 days", dt.timedelta(days=7)),
    "30d": ("last 30 days", dt.timedelta(days=30)),
}
"""Times in URLs stay relative, so that a saved link goes on meaning `today`."""

MAX_CHARS = 200

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Search:
    """What the reviewer asks for; an empty string asks for nothing."""

    text: str = ""
    outcome: str = ""
    instance: str = ""
    action: str = ""
    model: str = ""
    session: str = ""
    user: str = ""
    period: str = ""
    before: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read a URL's query; what is not ours is left out."""
        return cls(
            **{name: query.get(name, "").strip()[:MAX_CHARS] for name in cls.__dataclass_fields__}
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked for."""
        return any(asdict(self).values())

    @property
    def beside_the_fields(self) -> dict[str, str]:
        """What only links ask for: the form has no field for it, and must not lose it."""
        asked = {"model": self.model, "session": self.session, "user": self.user}
        return {name: value for name, value in asked.items() if value}

    def url(self, **changes: str) -> str:
        """Return the page's address with some parts changed."""
        query = {name: value for name, value in {**asdict(self), **changes}.items() if value}
        return "/review" + (f"?{urlencode(query)}" if query else "")

    def query(self) -> ExchangeQuery:
        """Return the question for the store.

        Raises:
            InvalidRequest: a part of the URL is none of the known words.
        """
        if self.period not in PERIODS:
            raise InvalidRequest("The time is none of the known periods.", param="period")
        span = PERIODS[self.period][1]
        return ExchangeQuery(
            outcome=_member(Outcome, self.outcome, "outcome"),
            instance=self.instance or None,
            action=_member(Action, self.action, "action"),
            model=self.model or None,
            session=self.session or None,
            user=self.user or None,
            since=dt.datetime.now(dt.UTC) - span if span else None,
            text=self.text or None,
        )

    def cut(self) -> tuple[UUID | None, UUID | None]:
        """Return the ids that the page lies before and after.

        Raises:
            InvalidRequest: they are no ids.
        """
        try:
            return (
                UUID(self.before) if self.before else None,
                UUID(self.after) if self.after else None,
            )
        except ValueError as error:
            raise InvalidRequest("The page's address is damaged.") from error


def _member(kind: type[_Word], word: str, name: str) -> _Word | None:
    try:
        return kind(word) if word else None
    except ValueError as error:
        raise InvalidRequest("This is none of the known words.", param=name) from error
