"""Read JSON with mistakes, within a bound on the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import json_repair

STEPS_A_CHARACTER = 12
"""How often each character may be looked at on average. Ordinary mistakes take up to four; texts
made for it would take thousands, since the parser looks ahead again and again."""


class TooMuchWork(Exception):
    """A text takes more steps to repair than it may."""


@dataclass(slots=True)
class _Steps:
    """What may still be looked at, by a text and all that is made of it."""

    left: int

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise TooMuchWork


class _Metered(str):
    """A text that counts how often it is looked at."""

    __slots__ = ("_steps",)
    _steps: _Steps

    @classmethod
    def of(cls, text: str, steps: _Steps) -> _Metered:
        made = cls(text)
        made._steps = steps
        return made

    def __getitem__(self, key: Any) -> str:
        found = super().__getitem__(key)
        self._steps.take(1 + len(found) // 64)
        return self.of(found, self._steps) if isinstance(key, slice) else found

    def __add__(self, other: str) -> str:
        return self.of(super().__add__(other), self._steps)


def repaired(text: str) -> Any:
    """Return the value that a text was meant to be, or None where that cannot be told.

    A bare string or number is returned as well; what is worth a repair, the caller decides.
    """
    metered = _Metered.of(text, _Steps(1_000 + STEPS_A_CHARACTER * len(text)))
    try:
        return json_repair.loads(metered, skip_json_loads=True)
    except (TooMuchWork, ValueError, RecursionError):
        return None
