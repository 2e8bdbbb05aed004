"""One filter as the operator placed it: with its id, threshold, action, mode and deadline."""

from __future__ import annotations

import asyncio
from time import perf_counter

import structlog

from app.chain.breaker import Breaker
from app.chain.contract import canaries_of
from app.chain.failures import CheckFailed, Kind
from app.chain.isolation.isolated import Isolated
from app.errors import EngineBusy, FilterError, FilterFailed, Overloaded, PenstockError
from app.exchange import Mode
from app.settings import ChainEntry
from filters import Busy, Filter, Finding, Item, Range, Resources, Stage

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
            try:
                finding, _ = await self.check(canary.item(self.stage))
            except CheckFailed as error:
                raise FilterError(f"it failed on a canary: {error.kind}") from error
            scores[canary.bad].append(finding.score if finding else 0.0)
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

    async def check(self, item: Item) -> tuple[Finding | None, float]:
        """Measure one unit; return the finding and the milliseconds it took.

        Raises:
            CheckFailed: the filter raised, took too long, returned nonsense or is left alone.
        """
        started = perf_counter()
        if not self._breaker.admit():
            raise CheckFailed("circuit_open")
        try:
            finding = self._validated(await self._measure(item), item)
        except CheckFailed as error:
            error.took_ms = (perf_counter() - started) * 1_000
            self._note_failure(error.kind)
            raise
        except BaseException:
            self._breaker.leave()
            raise
        if self._breaker.succeed():
            log.info("filter_circuit_closed", filter=self.id)
        return finding, (perf_counter() - started) * 1_000

    def _note_failure(self, kind: Kind) -> None:
        if kind == "overloaded":  # says nothing about the filter
            self._breaker.leave()
        elif self._breaker.fail():
            log.error(
                "filter_circuit_opened",
                filter=self.id,
                error=kind,
                pause_s=self.entry.breaker_pause_s,
            )

    def _validated(self, finding: Finding | None, item: Item) -> Finding | None:
        try:
            _validate(finding, item)
        except Exception as error:
            log.exception("finding_invalid", filter=self.id, error=type(error).__name__)
            raise CheckFailed("invalid") from error
        return finding

    async def _measure(self, item: Item) -> Finding | None:
        deadline = asyncio.timeout(self.entry.deadline_ms / 1_000)
        try:
            async with deadline:
                return await self._hooks.check(item)
        except CheckFailed:
            raise
        except (Overloaded, Busy) as error:
            raise CheckFailed("overloaded") from error
        except Exception as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                raise CheckFailed("timeout") from error
            log.exception("filter_raised", filter=self.id, error=type(error).__name__)
            raise CheckFailed("raised") from error

    def fails_closed(self, kind: Kind) -> bool:
        """Whether text may not pass after this kind of failure."""
        policy = self.entry.on_timeout if kind == "timeout" else self.entry.on_error
        return self.enforces and policy == "closed"

    def failure(self, failed: CheckFailed) -> PenstockError:
        """Return the error that a client gets when this instance fails closed."""
        if failed.kind == "overloaded":
            return EngineBusy(param=self.id)
        return FilterFailed(param=self.id)


def _told(error: Exception) -> str:
    """Return what an exception says, with its name where the words are not meant for people."""
    is_plain = isinstance(error, PenstockError | ValueError | OSError) and str(error)
    return str(error) if is_plain else f"{type(error).__name__}: {error}"


def _breaker_failures(entry: ChainEntry) -> int:
    if entry.breaker_failures is not None:
        return entry.breaker_failures
    return BREAKER_FAILURES if entry.on_error == "closed" else 0


def _validate(finding: object, item: Item) -> None:
    """Hold a finding against its item; whatever goes wrong here makes it invalid.

    Raises:
        TypeError: it is no finding.
        ValueError: it does not fit its item.
    """
    if finding is None:
        return
    if not isinstance(finding, Finding):
        raise TypeError("no finding")
    if any(r.end > len(item.text) for r in finding.ranges):
        raise ValueError("a range ends behind the text")
    passages = max(len(item.context.passages), len(finding.passages))
    if any(not 0 <= e.passage < passages for e in finding.evidence):
        raise ValueError("evidence points at a passage that is not there")
