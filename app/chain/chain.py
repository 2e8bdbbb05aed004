"""The chain: the operator's ordered filters, opened once and run for every exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Self

from app.chain.instance import Instance
from app.chain.placeholders import PlaceholderBook, masked
from app.chain.registry import build
from app.chain.tally import Tally
from app.chain.text_run import TextRun
from app.errors import FilterError
from app.exchange import Edit, Mode, Verdict
from app.settings import ChainEntry
from filters import Context, Passage, Resources, Stage

Locate = Callable[[int], str]
"""Says where the entry with this index stands, for errors: `penstock.toml:12`."""


class Chain:
    """All filter instances, in order."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances = tuple(instances)
        self._by_stage = {
            stage: tuple(i for i in self.instances if i.stage is stage) for stage in Stage
        }

    @classmethod
    def build(cls, entries: Iterable[ChainEntry], locate: Locate | None = None) -> Self:
        """Make every instance that is not switched off.

        Raises:
            FilterError: a filter is unknown or its options are wrong; names the entry.
        """
        instances = []
        for index, entry in enumerate(entries):
            where = f"{locate(index)}: " if locate else ""
            try:
                instance = Instance(entry, build(entry.filter, entry.options))
            except FilterError as error:
                raise FilterError(f"{where}filter {entry.id!r}: {error.message}") from error
            if entry.mode is not Mode.OFF:
                instances.append(instance)
        return cls(instances)

    async def open(self, resources: Resources) -> None:
        """Set every filter up and run its canaries.

        Raises:
            FilterError: a filter cannot be set up or fails its canaries.
        """
        for instance in self.instances:
            await instance.open(resources)

    async def close(self) -> None:
        """Close every filter that was set up, whatever the others do."""
        for instance in reversed(self.instances):
            await instance.close()

    def guards(self, stage: Stage) -> bool:
        """Whether any filter may block or change the stage's text."""
        return any(i.enforces and i.entry.action != "flag" for i in self._by_stage[stage])

    def stage(self, stage: Stage, book: PlaceholderBook | None = None) -> StageRun:
        """Begin one exchange's way through a stage; both stages use the exchange's `book`."""
        return StageRun(self._by_stage[stage], book)


class StageRun:
    """What one stage's filters found in one exchange."""

    def __init__(self, instances: Sequence[Instance], book: PlaceholderBook | None = None) -> None:
        self._instances = instances
        self._book = book or PlaceholderBook()
        self._tallies = {instance.id: Tally(instance) for instance in instances}
        self._runs: list[TextRun] = []

    def text(self, context: Context, base: int = 0, *, is_beside: bool = False) -> TextRun:
        """Begin one text of the stage, whose first character stands at `base`.

        What only stands beside the question (`is_beside`), earlier messages and passages, is
        judged by those filters only that want every message.
        """
        wanted = [i for i in self._instances if i.filter.every_message or not is_beside]
        run = TextRun(wanted, self._tallies, context, base, self._book)
        self._runs.append(run)
        return run

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Everything the stage's filters retrieved."""
        return tuple(p for tally in self._tallies.values() for p in tally.passages)

    @property
    def verdicts(self) -> list[Verdict]:
        """One verdict for each instance that judged anything."""
        return [tally.verdict() for tally in self._tallies.values() if tally.judged]

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All replacements in the stage's texts."""
        return tuple(edit for run in self._runs for edit in run.edits)

    def recordable(self, texts: Sequence[str]) -> list[str]:
        """Return the stage's texts, in the order in which they were begun, as records may hold them.

        Of what no filter came to judge nothing is shown, if a filter of the stage conceals anything.
        """
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
