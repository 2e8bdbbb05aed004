"""Let others have their turn on the event loop while filters compute that never wait."""

from __future__ import annotations

import asyncio

from app.chain.check import Check
from app.chain.instance import Instance
from filters import Item

LONGEST_MS = 1.0
"""So long may the units of one stage be measured in a row; a single one may take longer."""


class Turn:
    """How long the filters of one stage of one exchange have computed in a row."""

    def __init__(self) -> None:
        self._spent_ms = 0.0

    async def measure(self, instance: Instance, item: Item) -> Check:
        """Measure one unit, and let others have their turn then."""
        check = await instance.check(item)
        self.spend(check.took_ms)
        await self.take()
        return check

    def spend(self, took_ms: float) -> None:
        """Note that a unit took so long."""
        self._spent_ms += took_ms

    async def take(self) -> None:
        """Wait for the next turn, if this one has been long enough."""
        if self._spent_ms >= LONGEST_MS:
            self._spent_ms = 0.0
            await asyncio.sleep(0)
