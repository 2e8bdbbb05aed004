"""One unit in measurement by one filter: begun at once, and finished when the filter is."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Protocol

import structlog

from app.chain.begun import Begun
from app.chain.breaker import Breaker
from app.chain.calibration import calibrated
from app.chain.failures import CheckFailed, Kind
from app.errors import Overloaded
from app.settings import ChainEntry
from filters import Busy, Finding, Item, Unavailable

log = structlog.get_logger(__name__)

Measurement = Finding | CheckFailed | None
"""What became of a check."""


class Measures(Protocol):
    """A filter, here or in a process of its own."""

    async def check(self, item: Item) -> Finding | None:
        """Measure one unit."""


class Check:
    """Begins to measure a unit; `result` is there unless it `waits`, and then `finish` brings it.

    Only what waits has a deadline: while a filter computes on the event loop, no clock strikes.

    Raises:
        BaseException: the task was cancelled, or the operator interrupts the program.
    """

    __slots__ = ("_begun", "_breaker", "_entry", "_item", "_started", "result", "took_ms", "waits")

    def __init__(self, item: Item, measures: Measures, breaker: Breaker, entry: ChainEntry) -> None:
        self._item = item
        self._breaker = breaker
        self._entry = entry
        self.waits = False
        self.result: Measurement = None
        self.took_ms = 0.0
        self._started = perf_counter()
        if not breaker.admit():
            self.result = CheckFailed("circuit_open")
            return
        try:
            self._begun = Begun(_asked(measures, item))
        except BaseException as error:  # noqa: BLE001  it is looked at there
            self._fail(error)
            return
        if self._begun.waits:
            self.waits = True
        else:
            self._end(self._begun.result)
            if self.took_ms > entry.deadline_ms:  # nothing could interrupt it
                log.warning("filter_held_event_loop", filter=entry.id, ms=round(self.took_ms))

    async def finish(self) -> None:
        """Wait until the filter is done or its deadline is over."""
        spent_s = perf_counter() - self._started
        deadline = asyncio.timeout(self._entry.deadline_ms / 1_000 - spent_s)
        try:
            async with deadline:
                finding = await self._begun
        except TimeoutError as error:
            self._fail(CheckFailed("timeout") if deadline.expired() else error)
        except BaseException as error:  # noqa: BLE001  it is looked at there
            self._fail(error)
        else:
            self._end(finding)

    def _end(self, finding: Finding | None) -> None:
        if finding is not None:
            try:
                _validate(finding, self._item)
            except Exception as error:
                kind = type(error).__name__
                log.exception("finding_invalid", filter=self._entry.id, error=kind)
                self._fail(CheckFailed("invalid"))
                return
            curve = self._entry.calibration
            finding = calibrated(finding, curve) if curve else finding
        self.result = finding
        if self._breaker.succeed():
            log.info("filter_circuit_closed", filter=self._entry.id)
        self.took_ms = (perf_counter() - self._started) * 1_000

    def _fail(self, error: BaseException) -> None:
        failed = self._failure(error)
        if failed is None:
            self._breaker.leave()
            raise error
        self.result = failed
        self.took_ms = (perf_counter() - self._started) * 1_000
        if failed.kind == "overloaded" or not self._opens_circuit(failed.kind):
            self._breaker.leave()  # it says nothing of the filter, or holds nothing up
        elif self._breaker.fail():
            entry = self._entry
            pause_s = entry.breaker_pause_s
            log.error("filter_circuit_opened", filter=entry.id, error=failed.kind, pause_s=pause_s)

    def _opens_circuit(self, kind: Kind) -> bool:
        return self._entry.breaker_failures is not None or not self._entry.lets_pass(kind)

    def _failure(self, error: BaseException) -> CheckFailed | None:
        """Return what an error means; None if it is not the filter's."""
        if isinstance(error, CheckFailed):
            return error
        if isinstance(error, Overloaded | Busy):
            return CheckFailed("overloaded")
        if isinstance(error, Unavailable):
            reason = type(error.__cause__ or error).__name__
            log.warning("filter_unavailable", filter=self._entry.id, error=reason)
            return CheckFailed("unavailable")
        if isinstance(error, asyncio.CancelledError):
            if _is_cancelled():
                return None
        elif not isinstance(error, Exception | SystemExit):  # no filter may end the server
            return None
        kind = type(error).__name__
        log.error("filter_raised", filter=self._entry.id, error=kind, exc_info=error)
        return CheckFailed("raised")


async def _asked(measures: Measures, item: Item) -> Finding | None:
    return await measures.check(item)


def _is_cancelled() -> bool:
    """Whether it was this task that was cancelled, and not something that a filter waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _validate(finding: object, item: Item) -> None:
    """Hold a finding against its item; whatever goes wrong here makes it invalid.

    Raises:
        TypeError: it is no finding.
        ValueError: it does not fit its item.
    """
    if not isinstance(finding, Finding):
        raise TypeError("no finding")
    if any(r.end > len(item.text) for r in finding.ranges):
        raise ValueError("a range ends behind the text")
    passages = max(len(item.context.passages), len(finding.passages))
    if any(not 0 <= e.passage < passages for e in finding.evidence):
        raise ValueError("evidence points at a passage that is not there")
