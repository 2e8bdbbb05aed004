"""Months, and the UUIDv7 that begin in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self
from uuid import UUID

RANDOM_BITS = 80
"""Of a UUIDv7, what stands behind its 48 bits of milliseconds."""
LAST = (1 << 48) - 1


def first_id(moment: dt.datetime) -> UUID:
    """Return a bound: ids made at `moment` or later, to the millisecond, are not below it."""
    milliseconds = (moment - dt.datetime.fromtimestamp(0, dt.UTC)) // dt.timedelta(milliseconds=1)
    return UUID(int=min(max(milliseconds, 0), LAST) << RANDOM_BITS)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: dt.datetime) -> Self:
        """Return the month that a moment lies in."""
        moment = moment.astimezone(dt.UTC)
        return cls(moment.year, moment.month)

    @property
    def start(self) -> dt.datetime:
        """Its first moment."""
        return dt.datetime(self.year, self.month, 1, tzinfo=dt.UTC)

    @property
    def end(self) -> dt.datetime:
        """The first moment after it."""
        return self.plus(1).start

    def plus(self, months: int) -> Month:
        """Return the month so many later."""
        years, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(years, month + 1)

    def until(self, last: Month) -> Iterator[Month]:
        """Yield this month and all that follow, up to and with `last`."""
        month = self
        while month <= last:
            yield month
            month = month.plus(1)
