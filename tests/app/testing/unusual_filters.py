"""Filters that are right, in ways that the kit must not take for faults."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence

from filters import (
    Canary,
    Context,
    Filter,
    Finding,
    Item,
    Options,
    Placeholders,
    Range,
    Stage,
    Unit,
    in_thread,
)
from tests.app.testing.subtle_filters import Stop


class Caching(Stop):
    """Remembers the last findings by the whole text, and counts what it saw."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.num_seen = 0
        self._cache: dict[str, Finding | None] = {}

    async def check(self, item: Item) -> Finding | None:
        self.num_seen += 1
        if item.text not in self._cache:
            if len(self._cache) > 8:
                self._cache.pop(next(iter(self._cache)))
            self._cache[item.text] = self.found(item.text)
        return self._cache[item.text]


class Drawing(Stop):
    """Draws from a seed that comes from the text."""

    async def check(self, item: Item) -> Finding | None:
        return Finding(random.Random(ascii(item.text)).random() / 2, "x")  # noqa: S311 - no secret

    def canaries(self) -> Sequence[Canary]:
        return ()


class InParts(Stop):
    """Judges two parts side by side, one of them on a thread, and awaits both."""

    async def check(self, item: Item) -> Finding | None:
        async with asyncio.TaskGroup() as group:
            threaded = group.create_task(in_thread(self.found, item.text))
            group.create_task(asyncio.sleep(0))
        return threaded.result()


class Patient(Stop):
    """Computes for long, and where the pace may be an attacker's: in a process of its own."""

    isolation = "process"
    pattern = re.compile(r"(a+)+$|STOP")

    def found(self, text: str) -> Finding | None:
        return super().found(text[:20])


class Nested(Stop):
    """Ranges that overlap, in no order, each with a score of its own, some of them 0."""

    unit = Unit.window(240)
    placeholders = Placeholders(restore=True)

    def found(self, text: str) -> Finding | None:
        ranges = [
            found
            for match in self.pattern.finditer(text)
            for found in (
                Range(match.start() + 1, match.end(), "top", 0.2),
                Range(match.start(), match.end(), "halt", 0.9),
                Range(match.start(), match.start() + 1, "letter", 0.0),
            )
        ]
        return (
            Finding(0.9, "halt", tuple(reversed(ranges)), scores={"halt": 0.9}) if ranges else None
        )


class OfQuestion(Filter):
    """Looks at everything but the text, and only where passages are."""

    stages = frozenset({Stage.RETRIEVAL})
    every_message = False

    async def check(self, item: Item) -> Finding | None:
        context: Context = item.context
        (passage,) = context.passages
        return Finding(0.0 if context.question[:3] in passage.text else 0.25, "aside")


class Whole(Stop):
    """Points at nothing, and scores with the share of blanks before STOP, so context matters."""

    async def check(self, item: Item) -> Finding | None:
        before = item.text.partition("STOP")[0]
        blanks = sum(map(str.isspace, before))
        return Finding(1 / (1 + blanks), "stop") if "STOP" in item.text else None
