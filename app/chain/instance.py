"""One filter as the operator placed it: with its id, threshold, action, mode and deadline."""

from __future__ import annotations

import asyncio

import structlog

from app.chain.breaker import Breaker
from app.chain.check import Check
from app.chain.contract import canaries_of, named
from app.chain.failures import CheckFailed, Kind
from app.chain.isolation.isolated import Isolated
from app.errors import EngineBusy, FilterError, FilterFailed, PenstockError
from app.exchange import Mode
from app.settings import ChainEntry
from filters import Filter, Finding, Item, Range, Resources, Stage

log = structlog.get_logger(__name__)


SETUP_S = 600.0
"""Longest set-up; a model may come from a hub first."""
CLOSE_S = 5.0
"""Longest a filter may take to release what it holds, so that none keeps the server from ending."""
BREAKER_FAILURES = 5
"""Failures in a row that open the circuit, unless the operator says otherwise."""


class Instance:
    """Runs one filter's checks and knows what its failures mean."""

    def __init__(self, entry: ChainEntry, judge: Filter) -> None:
        if entry.stage not in judge.stages:
            raise FilterError(
                f"Filter {entry.filter!r} cannot stand at stage {entry.stage.value!r}."
            )
        self.entry = entry
        self.filter = judge
        self.id = entry.id
        self.stage = Stage(entry.stage)
        self.where = ""
        """Where its entry stands: `penstock.toml:12`."""
        self._is_set_up = False
        is_isolated = "process" in (entry.isolation, judge.isolation)
        self._isolated = Isolated(entry, judge) if is_isolated else None
        self._hooks: Isolated | Filter = self._isolated or judge
        self._breaker = Breaker(_breaker_failures(entry), entry.breaker_pause_s)

    @property
    def restarts(self) -> int | None:
        """How often a process of the filter had to be replaced; None if it has none."""
        return self._isolated.restarts if self._isolated else None

    @property
    def is_circuit_open(self) -> bool:
        """Whether the filter has failed so often that it is left alone for a while."""
        return self._breaker.is_open

    @property
    def enforces(self) -> bool:
        """Whether its measurements count and text waits for them."""
        return self.entry.mode is Mode.ENFORCE

    @property
    def rewrites(self) -> bool:
        """Whether it changes the text that everything after it sees."""
        return self.enforces and self.entry.action == "rewrite"

    @property
    def conceals(self) -> bool:
        """Whether no record may hold what it replaces."""
        placeholders = self.filter.placeholders
        return self.rewrites and placeholders is not None and not placeholders.keep

    def is_hit(self, finding: Finding) -> bool:
        """Whether a finding reaches the threshold; a score of 0 never does."""
        return finding.score >= self.entry.threshold and finding.score > 0

    def ranges(self, finding: Finding) -> tuple[Range, ...]:
        """Return the ranges of a finding that reach the threshold; all, if none does by itself."""
        reached = tuple(r for r in finding.ranges if r.score >= self.entry.threshold)
        return reached or finding.ranges

    async def open(self, resources: Resources) -> None:
        """Let the filter take what it needs and prove itself on its canaries.

        Raises:
            FilterError: the set-up failed, or known good and bad texts are not told apart.
        """
        try:
            async with asyncio.timeout(SETUP_S) as limit:
                await self._hooks.setup(resources)
        except Exception as error:
            reason = f"not done within {SETUP_S:.0f} s" if limit.expired() else _told(error)
            raise FilterError(f"it cannot be set up: {reason}") from error
        self._is_set_up = True
        scores: dict[bool, list[float]] = {True: [], False: []}
        for canary in canaries_of(self.filter):
            found = (await self.check(canary.item(self.stage))).result
            if isinstance(found, CheckFailed):
                raise FilterError(f"it failed on a canary: {found.kind}")
            scores[canary.bad].append(found.score if found else 0.0)
        self._judge_canaries(scores[True], scores[False])

    async def close(self) -> None:
        """Close the filter, if its set-up was done; what it raises, or that it hangs, is logged only."""
        if not self._is_set_up:
            return
        self._is_set_up = False
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._hooks.close()
        except Exception:
            log.exception("filter_close_failed", filter=self.id)

    def _judge_canaries(self, bad: list[float], good: list[float]) -> None:
        if bad and good and min(bad) <= max(good):
            raise FilterError(
                "it does not tell its known good from its known bad texts "
                f"(lowest bad score {min(bad):.3f}, highest good {max(good):.3f}). "
                "Its model or its options are wrong."
            )
        if bad and min(bad) < self.entry.threshold:
            log.warning("threshold_above_canary", filter=self.id, lowest_bad=min(bad))
        if good and max(good) >= self.entry.threshold:
            log.warning("threshold_below_canary", filter=self.id, highest_good=max(good))

    def begin(self, item: Item) -> Check:
        """Begin to measure one unit."""
        return Check(item, self._hooks, self._breaker, self.entry)

    async def check(self, item: Item) -> Check:
        """Measure one unit."""
        check = self.begin(item)
        if check.waits:
            await check.finish()
        return check

    def fails_closed(self, kind: Kind) -> bool:
        """Whether text may not pass after this kind of failure."""
        return self.enforces and not self.entry.lets_pass(kind)

    def failure(self, failed: CheckFailed) -> PenstockError:
        """Return the error that a client gets when this instance fails closed."""
        if failed.kind == "overloaded":
            return EngineBusy(param=self.id)
        return FilterFailed(param=self.id)


def _told(error: Exception) -> str:
    """Return what an exception says, with its name where the words are not meant for people."""
    is_plain = isinstance(error, PenstockError | ValueError | OSError) and str(error)
    return str(error) if is_plain else named(error)


def _breaker_failures(entry: ChainEntry) -> int:
    if entry.breaker_failures is not None:
        return entry.breaker_failures
    return 0 if entry.lets_pass("circuit_open") else BREAKER_FAILURES
