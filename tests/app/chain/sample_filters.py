"""Small real filters with easily foreseen findings."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from app.chain.instance import Instance
from app.exchange import Mode
from app.settings import ChainEntry
from filters import Canary, Context, Filter, Finding, Item, Options, Range, Stage, Unit

CONTEXT = Context(Stage.OUTPUT, question="What?")


class WordOptions(Options):
    """Options of the sample filters."""

    word: str = "bad"
    replacement: str | None = None


class Word(Filter):
    """Find a word."""

    options_model = WordOptions

    def __init__(self, options: WordOptions, unit: Unit | None = None) -> None:
        super().__init__(options)
        self.word = options.word
        self.replacement = options.replacement
        self.unit = unit or Unit.sentence()
        self.characters_read = 0

    async def check(self, item: Item) -> Finding | None:
        self.characters_read += len(item.text)
        await asyncio.sleep(0)
        ranges = tuple(
            Range(m.start(), m.end(), self.word, replacement=self.replacement)
            for m in re.finditer(re.escape(self.word), item.text)
        )
        return Finding(1.0, self.word, ranges) if ranges else None


class Broken(Word):
    """Raise when the word is there."""

    async def check(self, item: Item) -> Finding | None:
        if self.word in item.text:
            raise RuntimeError("broken")
        return None


class Hanging(Word):
    """Never answer when the word is there."""

    async def check(self, item: Item) -> Finding | None:
        if self.word in item.text:
            await asyncio.Event().wait()
        return None


class Nonsense(Word):
    """Return a range outside the text."""

    async def check(self, item: Item) -> Finding | None:
        return Finding(1.0, "x", (Range(0, len(item.text) + 1, "x"),))


class Malformed(Word):
    """Return a finding whose parts cannot even be looked at."""

    async def check(self, item: Item) -> Finding | None:
        finding = Finding(1.0, "x")
        object.__setattr__(finding, "ranges", None)
        return finding


class Confused(Word):
    """Call good what is bad."""

    def canaries(self) -> Sequence[Canary]:
        return [Canary("this is bad", bad=False), Canary("this is fine", bad=True)]


def instance(  # noqa: PLR0913 - a test reads best with everything in one line
    filter: Filter,
    *,
    id: str = "words",
    action: str = "block",
    stage: Stage = Stage.OUTPUT,
    mode: Mode = Mode.ENFORCE,
    on_failure: str = "closed",
    deadline_ms: float | None = None,
    threshold: float = 0.5,
) -> Instance:
    """Place a filter in a chain; only one that hangs runs out of time unless told otherwise."""
    if deadline_ms is None:
        deadline_ms = 50.0 if isinstance(filter, Hanging) else 60_000.0
    entry = ChainEntry(
        id=id,
        filter="word",
        stage=stage,
        action=action,
        threshold=threshold,
        mode=mode,
        deadline_ms=deadline_ms,
        on_error=on_failure,
        on_timeout=on_failure,
    )
    return Instance(entry, filter)
