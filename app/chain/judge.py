"""One instance that judges one text, and the units that it is to measure."""

from __future__ import annotations

from typing import NamedTuple

from app.chain.check import Measurement
from app.chain.failures import CheckFailed
from app.chain.tally import Tally
from app.chain.units import Piece
from filters import Item


class Judge:
    """One judging instance on one text."""

    def __init__(self, tally: Tally) -> None:
        self.instance = tally.instance
        self.tally = tally
        self.unit = tally.instance.filter.unit
        self.settled = 0
        """Up to where it has judged the text."""

    def blocks(self, result: Measurement) -> bool:
        """Whether a result ends the text as unfit."""
        if result is None or isinstance(result, CheckFailed):
            return False
        return self.instance.entry.action == "block" and self.instance.is_hit(result)


class Pending(NamedTuple):
    """A unit that a judge is to measure."""

    judge: Judge
    piece: Piece
    item: Item
    """The piece as the filter sees it."""
