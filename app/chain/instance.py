"""One filter as the operator placed it: with its id, threshold, action, mode and deadline."""

from __future__ import annotations

import asyncio
from time import perf_counter

import structlog

from app.errors import EngineBusy, FilterError, FilterFailed, Overloaded, PenstockError
from app.exchange import Mode
from app.settings import ChainEntry
from filters import Busy, Context, Filter, Finding, Item, Range, Resources, Stage

log = structlog.get_logger(__name__)


class CheckFailed(Exception):
    """A check could not be made.

    `kind` is `raised`, `timeout`, `invalid` (it returned nonsense) or `overloaded` (the queue of
    its model or of the filters' threads was full).
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


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
        self._is_set_up = False

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
            await self.filter.setup(resources)
        except Exception as error:
            raise FilterError(f"Filter {self.id!r} cannot be set up: {error}") from error
        self._is_set_up = True
        scores: dict[bool, list[float]] = {True: [], False: []}
        for canary in self.filter.canaries():
            question = canary.question or canary.text
            instructions = canary.instructions
            context = Context(self.stage, question, canary.passages, instructions=instructions)
            try:
                finding, _ = await self.check(Item(canary.text, context))
            except CheckFailed as error:
                raise FilterError(f"Filter {self.id!r} failed on a canary: {error.kind}") from error
            scores[canary.bad].append(finding.score if finding else 0.0)
        self._judge_canaries(scores[True], scores[False])

    async def close(self) -> None:
        """Close the filter, if its set-up was done; what it raises is logged only."""
        if not self._is_set_up:
            return
        self._is_set_up = False
        try:
            await self.filter.close()
        except Exception:
            log.exception("filter_close_failed", filter=self.id)

    def _judge_canaries(self, bad: list[float], good: list[float]) -> None:
        if bad and good and min(bad) <= max(good):
            raise FilterError(
                f"Filter {self.id!r} does not tell its known good from its known bad texts "
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
            CheckFailed: the filter raised, took too long or returned nonsense.
        """
        started = perf_counter()
        finding = await self._measure(item)
        try:
            _validate(finding, item)
        except Exception as error:
            log.exception("finding_invalid", filter=self.id, error=type(error).__name__)
            raise CheckFailed("invalid") from error
        return finding, (perf_counter() - started) * 1_000

    async def _measure(self, item: Item) -> Finding | None:
        deadline = asyncio.timeout(self.entry.deadline_ms / 1_000)
        try:
            async with deadline:
                return await self.filter.check(item)
        except (Overloaded, Busy) as error:
            raise CheckFailed("overloaded") from error
        except Exception as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                raise CheckFailed("timeout") from error
            log.exception("filter_raised", filter=self.id, error=type(error).__name__)
            raise CheckFailed("raised") from error

    def fails_closed(self, kind: str) -> bool:
        """Whether text may not pass after this kind of failure."""
        policy = self.entry.on_timeout if kind == "timeout" else self.entry.on_error
        return self.enforces and policy == "closed"

    def failure(self, failed: CheckFailed) -> PenstockError:
        """Return the error that a client gets when this instance fails closed."""
        if failed.kind == "overloaded":
            return EngineBusy(param=self.id)
        return FilterFailed(param=self.id)


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
