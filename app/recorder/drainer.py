"""From the segments to Postgres: in batches, each exchange exactly once, nothing given up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import structlog

from app.errors import Unavailable, Unstorable
from app.exchange import Exchange
from app.recorder.codec import NewerFormat, Undecodable, decode
from app.recorder.dead_letters import DeadLetters
from app.recorder.segment import Entry, Segment, scan
from app.recorder.spool import Spool
from app.recorder.watermark import Watermark

STORE_TIMEOUT_S = 60.0
ATTEMPTS = 3
"""Before a record that fails alone, for no known reason, counts as poison."""
RETRY_S = 0.1
POISON_IN_A_ROW = 10
"""After so many the fault is likely not in the records; then one a second is set aside."""
POISON_PAUSE_S = 1.0

DOWN = (Unavailable, OSError)
"""Postgres cannot be asked right now, which says nothing about the records. Timeouts are OSErrors."""

log = structlog.get_logger(__name__)


class Store(Protocol):
    """Where exchanges are kept for good."""

    async def insert(self, exchanges: Sequence[Exchange]) -> int:
        """Store all, or none; one that is stored already stays as it is.

        Raises:
            Unavailable: the store is down; nothing is wrong with the exchanges.
            Unstorable: it refuses at least one of them, however often they are sent.
        """

    async def quarantine(self, record: bytes, reason: str) -> None:
        """Keep the bytes of a record that cannot be stored as an exchange."""


@dataclass(frozen=True, slots=True)
class Record:
    """An entry of a segment, read."""

    line: bytes
    end: int
    exchange: Exchange | None
    fault: str = ""

    @classmethod
    def read(cls, entry: Entry, start: int) -> Self:
        """Read an entry of a scan that began at `start`.

        Raises:
            NewerFormat: only a newer server can read it.
        """
        end = start + entry.end
        if entry.damage:
            return cls(entry.line, end, None, entry.damage)
        try:
            return cls(entry.line, end, decode(entry.line))
        except Undecodable:
            return cls(entry.line, end, None, "undecodable")


class Drainer:
    """Moves what is pending in the spool to the store."""

    def __init__(
        self, spool: Spool, dead_letters: DeadLetters, drained: Watermark, batch_rows: int
    ) -> None:
        self.drained_total = 0
        self.quarantined_total = 0
        """Records set aside, dead letters among them."""
        self._spool = spool
        self._dead_letters = dead_letters
        self._drained = drained
        self._batch_rows = batch_rows
        self._poison_in_a_row = 0

    async def drain(self, store: Store) -> None:
        """Store everything that is pending now, except most of what dead owners left.

        Raises:
            Unavailable, OSError: the store is down; all that is not stored stays pending.
        """
        started = time.monotonic()
        for segment in self._spool.to_drain():
            await self._drain(segment, store)
        self._spool.caught_up(started)

    async def _drain(self, segment: Segment, store: Store) -> None:
        start, stop = segment.drained, segment.size
        content = segment.read(stop)
        records = (Record.read(entry, start) for entry in scan(content))
        try:
            for batch in _batches(records, self._batch_rows):
                await self._keep(batch, segment, store)
        except NewerFormat:
            log.warning("segment_left_to_newer_server", path=str(segment.path))
            self._spool.leave(segment)
            return
        if start + len(content) < stop:
            log.error(
                "segment_cut_short", path=str(segment.path), bytes=stop - start - len(content)
            )
        self._settle(segment, stop)
        self._spool.clear(segment)

    async def _keep(self, batch: list[Record], segment: Segment, store: Store) -> None:
        """Store a batch, halving it until only what is poison is left over."""
        fault = batch[0].fault or await self._insert(batch, store)
        if fault and len(batch) > 1:
            middle = len(batch) // 2
            await self._keep(batch[:middle], segment, store)
            await self._keep(batch[middle:], segment, store)
            return
        if fault:
            await self._set_aside(batch[0], fault, store)
        self._settle(segment, batch[-1].end)

    async def _insert(self, batch: list[Record], store: Store) -> str:
        """Return why the store refused the batch; empty if it did not."""
        exchanges = [record.exchange for record in batch if record.exchange is not None]
        fault = ""
        for attempt in range(ATTEMPTS if len(batch) == 1 else 1):
            await asyncio.sleep(RETRY_S * attempt)
            try:
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    await store.insert(exchanges)
            except DOWN:
                raise
            except Unstorable as error:
                return error.message
            except Exception as error:  # noqa: BLE001 - any other fault may lie in the record
                # Only the name: the message may quote the exchange.
                fault = type(error).__name__
                log.warning("insert_failed", error=fault, rows=len(batch))
            else:
                self.drained_total += len(batch)
                self._poison_in_a_row = 0
                return ""
        return fault

    async def _set_aside(self, record: Record, reason: str, store: Store) -> None:
        self._poison_in_a_row += 1
        if self._poison_in_a_row > POISON_IN_A_ROW:
            await asyncio.sleep(POISON_PAUSE_S)
        try:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                await store.quarantine(record.line, reason)
        except DOWN:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the record must not be lost
            log.error("quarantine_refused", error=type(error).__name__)  # noqa: TRY400
            self._dead_letters.add(record.line)
        self.quarantined_total += 1
        log.error("record_quarantined", reason=reason, bytes=len(record.line))

    def _settle(self, segment: Segment, end: int) -> None:
        self._spool.settle(segment, end)
        self._drained.advance(self._spool.drained)


def _batches(records: Iterator[Record], most: int) -> Iterator[list[Record]]:
    """Group sound records; a faulty one stands alone."""
    batch: list[Record] = []
    for record in records:
        if batch and (record.fault or len(batch) == most):
            yield batch
            batch = []
        if record.fault:
            yield [record]
        else:
            batch.append(record)
    if batch:
        yield batch
