"""The chain: the operator's ordered filters, opened once and run for every exchange."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Self

from app.chain.instance import Instance
from app.chain.placeholders import PlaceholderBook, masked
from app.chain.registry import build
from app.chain.tally import Tally, sum_of
from app.chain.text_run import TextRun
from app.chain.turn import Turn
from app.errors import FilterError
from app.exchange import Edit, Mode, Verdict
from app.settings import ChainEntry
from filters import Context, Passage, Resources, Stage

Locate = Callable[[int], str]
"""Says where the entry with this index stands, for errors: `penstock.toml:12`."""


class _Generation:
    """The instances that a chain had from one moment to another, and how many requests use them."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances = tuple(instances)
        self.by_stage = {
            stage: tuple(i for i in self.instances if i.stage is stage) for stage in Stage
        }
        self.num_leases = 0

    async def close(self) -> None:
        for instance in reversed(self.instances):
            await instance.close()


class Chain:
    """All filter instances, in order; belongs to one event loop.

    Another chain may take its place while it is used: whoever began before goes on with the old
    instances, which are closed when the last lease on them has ended.

    Args:
        instances: in order.
        hidden: stages of whose texts no record may show anything, because who would conceal parts
            of them is not among the instances.
    """

    def __init__(self, instances: Sequence[Instance], hidden: Collection[Stage] = ()) -> None:
        self._now = _Generation(instances)
        self._hidden = frozenset(hidden)
        self._retired: list[_Generation] = []

    @classmethod
    def build(cls, entries: Iterable[ChainEntry], locate: Locate | None = None) -> Self:
        """Make every instance that is not switched off.

        Raises:
            FilterError: a filter is unknown or its options are wrong; names the entry.
        """
        instances = []
        for index, entry in enumerate(entries):
            with _located(entry, locate(index) if locate else ""):
                instance = Instance(entry, build(entry.filter, entry.options))
            if entry.mode is not Mode.OFF:
                instance.where = locate(index) if locate else ""
                instances.append(instance)
        return cls(instances)

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Those that judge what begins now."""
        return self._now.instances

    async def open(self, resources: Resources) -> None:
        """Set every filter up and run its canaries.

        Raises:
            FilterError: a filter cannot be set up or fails its canaries; names the entry.
        """
        for instance in self.instances:
            with _located(instance.entry, instance.where):
                await instance.open(resources)

    async def close(self) -> None:
        """Close every filter that was set up, whatever the others do, used or not."""
        retired, self._retired = self._retired, []
        for generation in (self._now, *retired):
            await generation.close()

    def guards(self, stage: Stage) -> bool:
        """Whether any filter may block or change the stage's text."""
        return any(i.enforces and i.entry.action != "flag" for i in self._now.by_stage[stage])

    def stage(self, stage: Stage, book: PlaceholderBook | None = None) -> StageRun:
        """Begin one exchange's way through a stage; all stages use the exchange's `book`."""
        return StageRun(self._now.by_stage[stage], book, is_hidden=stage in self._hidden)

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Keep the instances of now open until the context ends."""
        generation = self._now
        generation.num_leases += 1
        try:
            yield
        finally:
            generation.num_leases -= 1

    def replace(self, new: Chain) -> None:
        """Let the instances of another chain, which is open, judge all that begins from now on."""
        self._retired.append(self._now)
        self._now = new._now

    async def sweep(self) -> int:
        """Close the instances of before that no request uses any more; tell how many these were."""
        idle = [generation for generation in self._retired if not generation.num_leases]
        self._retired = [one for one in self._retired if one.num_leases]
        for generation in idle:
            await generation.close()
        return sum(len(generation.instances) for generation in idle)


@contextmanager
def _located(entry: ChainEntry, where: str) -> Iterator[None]:
    """Say in errors which entry is meant, and where it stands."""
    try:
        yield
    except FilterError as error:
        place = f"{where}: " if where else ""
        raise FilterError(f"{place}filter {entry.id!r}: {error.message}") from error


class StageRun:
    """What one stage's filters found in one exchange."""

    def __init__(
        self,
        instances: Sequence[Instance],
        book: PlaceholderBook | None = None,
        *,
        is_hidden: bool = False,
    ) -> None:
        self.is_hidden = is_hidden
        """Whether no record may show anything of its texts."""
        self._instances = instances
        self._book = book or PlaceholderBook()
        self._turn = Turn()
        self._tallies: list[dict[str, Tally]] = []
        """One for each text, so that texts may be judged side by side and still count in order."""
        self._runs: list[TextRun] = []

    @property
    def is_idle(self) -> bool:
        """Whether no filter stands at the stage."""
        return not self._instances

    @property
    def rewrites_in_any_order(self) -> bool:
        """Whether filters of the stage rewrite, and none numbers what it hides as it meets it."""
        rewriting = [one for one in self._instances if one.rewrites]
        return bool(rewriting) and not any(one.filter.placeholders for one in rewriting)

    def text(
        self,
        context: Context,
        base: int = 0,
        *,
        is_beside: bool = False,
        after: TextRun | None = None,
        rewrites: bool | None = None,
    ) -> TextRun:
        """Begin one text of the stage, whose first character stands at `base`.

        What only stands beside the question (`is_beside`), earlier messages and passages, is
        judged by those filters only that want every message. `after` is what the stage before
        made of the same text. With `rewrites` only those that rewrite it see it, or only the others.
        """
        wanted = [
            one
            for one in self._instances
            if (one.filter.every_message or not is_beside) and rewrites in (None, one.rewrites)
        ]
        tallies = {instance.id: Tally(instance) for instance in wanted}
        run = TextRun(
            [*tallies.values()], context, base, after=after, book=self._book, turn=self._turn
        )
        self._tallies.append(tallies)
        self._runs.append(run)
        return run

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Everything the stage's filters retrieved."""
        return tuple(p for tally in self._sums() for p in tally.passages)

    @property
    def verdicts(self) -> list[Verdict]:
        """One verdict for each instance that judged anything."""
        return [tally.verdict() for tally in self._sums() if tally.judged]

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All replacements in the stage's texts."""
        return tuple(edit for run in self._runs for edit in run.edits)

    def recordable(self, texts: Sequence[str]) -> list[str]:
        """Return the stage's texts, in the order in which they were begun, as records may hold them.

        Of what no filter came to judge nothing is shown, if a filter of the stage conceals anything.
        """
        if self.is_hidden:
            return [masked(text, [(0, len(text))]) for text in texts]
        if not any(instance.conceals for instance in self._instances):
            return list(texts)
        runs = self._runs[: len(texts)]
        return [
            run.recordable(text) if run else masked(text, [(0, len(text))])
            for text, run in zip_longest(texts, runs, fillvalue=None)
            if text is not None
        ]

    async def run_shadows(self, until: float) -> None:
        """Let the shadow filters measure after everything was released, as `TextRun` does."""
        for run in self._runs:
            await run.run_shadows(until)

    def _sums(self) -> Iterator[Tally]:
        """Yield what each instance measured in all texts, in the order in which they were begun."""
        for instance in self._instances:
            tallies = [one[instance.id] for one in self._tallies if instance.id in one]
            yield tallies[0] if len(tallies) == 1 else sum_of(instance, tallies)
