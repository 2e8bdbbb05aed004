"""Filters that look right, and each break one rule of the contract in a way that a reader may miss."""

from __future__ import annotations

import asyncio
import datetime as dt
import html
import random
import re
import time
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from filters import Canary, Context, Filter, Finding, Item, Options, Range, Unit


class Stop(Filter):
    """Find STOP; the right one that all others come from."""

    pattern = re.compile("STOP")

    async def check(self, item: Item) -> Finding | None:
        return self.found(item.text)

    def found(self, text: str) -> Finding | None:
        ranges = tuple(Range(*match.span(), "stop") for match in self.pattern.finditer(text))
        return Finding(1.0, "stop", ranges) if ranges else None

    def canaries(self) -> Sequence[Canary]:
        return (Canary("STOP IT", bad=True), Canary("Go on.", bad=False))


class Escalating(Stop):
    """Is stricter with a text once it has found something in it."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._struck: set[Context] = set()

    async def check(self, item: Item) -> Finding | None:
        found = self.found(item.text)
        if found:
            self._struck.add(item.context)
            return found
        return Finding(0.4, "stop") if item.context in self._struck else None


class CachedByLength(Stop):
    """Caches under a key that other texts have too."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._cache: dict[object, Finding | None] = {}

    def key(self, text: str) -> object:
        return len(text)

    async def check(self, item: Item) -> Finding | None:
        key = self.key(item.text)
        if key not in self._cache:
            self._cache[key] = self.found(item.text)
        return self._cache[key]


class CachedByFolded(CachedByLength):
    def key(self, text: str) -> object:
        return text.casefold()


class Continued(Stop):
    """Joins the unit to the end of the one before it, to see what a border would hide."""

    pattern = re.compile("STOP IT")
    rest = ""

    async def check(self, item: Item) -> Finding | None:
        joined, self.rest = self.rest + item.text, item.text[-8:]
        return Finding(1.0, "stop") if self.pattern.search(joined) else None


class OfCopy(Stop):
    """Counts in a copy of the text."""

    def copy(self, text: str) -> str:
        return unicodedata.normalize("NFKC", text)

    async def check(self, item: Item) -> Finding | None:
        copy = self.copy(item.text)
        match = self.pattern.search(copy)
        if match is None or match.end() > len(item.text):
            return None
        return Finding(1.0, "stop", (Range(*match.span(), "stop"),))


class OfStripped(OfCopy):
    def copy(self, text: str) -> str:
        return text.strip()


class OfSingleBlanks(OfCopy):
    def copy(self, text: str) -> str:
        return " ".join(text.split())


class OfUnescaped(OfCopy):
    def copy(self, text: str) -> str:
        return html.unescape(text)


class OffByMore(OfCopy):
    """Takes out what no list of known mistakes has."""

    def copy(self, text: str) -> str:
        return re.sub(r"[0-9&;👩🚪]", "", text)


class Napping(Stop):
    """Blocks the loop for less than any deadline."""

    async def check(self, item: Item) -> Finding | None:
        time.sleep(0.12)  # noqa: ASYNC251 - the fault under test
        return self.found(item.text)


class Exponential(Stop):
    """Explodes on a letter that the kit repeats nowhere but in one of its awkward texts."""

    pattern = re.compile(r"(?:(?:very )+)+!|STOP")


class Quadratic(Stop):
    """Begins anew at every blank."""

    pattern = re.compile(r"\s+$|STOP")

    def found(self, text: str) -> Finding | None:
        match = self.pattern.search(text)
        return Finding(1.0, "stop") if match and match[0] == "STOP" else None


class Restless(Stop):
    """Draws at random, but seldom."""

    draw = random.Random(1)  # noqa: S311 - the fault under test

    async def check(self, item: Item) -> Finding | None:
        return Finding(0.3, "x") if self.draw.random() < 0.05 else self.found(item.text)


class ByHour(Stop):
    """Is milder at night."""

    def moment(self) -> int:
        return int(time.time()) // 3_600 % 24

    async def check(self, item: Item) -> Finding | None:
        return Finding(self.moment() % 24 / 24, "x")


class ByHourOfDatetime(ByHour):
    def moment(self) -> int:
        return dt.datetime.now(dt.UTC).hour


class ByHourOfName(ByHour):
    def moment(self) -> int:
        return datetime.now(dt.UTC).hour


class ByYear(ByHour):
    def moment(self) -> int:
        return dt.date.today().year  # noqa: DTZ011 - the fault under test


class Growing(Options):
    words: list[str] = Field(default_factory=lambda: ["STOP"])
    """What is looked for."""


class Learning(Stop):
    """Adds to its options what it has seen."""

    options_model = Growing
    options: Growing

    async def check(self, item: Item) -> Finding | None:
        if len(self.options.words) < 2:
            self.options.words.append(item.text)
        return self.found(item.text)


class Swallowing(Stop):
    """Ends at once when it is cancelled, as if nothing had been."""

    async def check(self, item: Item) -> Finding | None:
        try:
            await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            return None
        return self.found(item.text)


class SwallowingLate(Stop):
    """Lets the first await be cancelled, and not the second."""

    async def check(self, item: Item) -> Finding | None:
        await asyncio.sleep(0)
        try:
            await asyncio.sleep(0.001)
        except BaseException:  # noqa: BLE001 - the fault under test
            return None
        return self.found(item.text)


class Leaking(Stop):
    """Leaves a task behind in each check."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._kept: list[asyncio.Task[None]] = []

    async def check(self, item: Item) -> Finding | None:
        self._kept.append(asyncio.get_running_loop().create_task(asyncio.sleep(60)))
        return self.found(item.text)


class LeakingWhenCancelled(Stop):
    """Leaves a task behind where the check does not come to its end."""

    async def check(self, item: Item) -> Finding | None:
        part = asyncio.ensure_future(asyncio.sleep(0.001))
        await asyncio.shield(part)
        return self.found(item.text)


class Harmless(Stop):
    """Takes 1 for harmless."""

    async def check(self, item: Item) -> Finding | None:
        return Finding(0.0 if self.found(item.text) else 1.0, "stop")


class Deaf(Stop):
    """Finds nothing in its only canary."""

    async def check(self, item: Item) -> Finding | None:
        return None

    def canaries(self) -> Sequence[Canary]:
        return (Canary("STOP IT", bad=True),)


class Echoing(Stop):
    """Its label, which stands in place of what it finds, is found again."""

    unit = Unit.sentence()
    pattern = re.compile("[A-Z]{4,}")

    def found(self, text: str) -> Finding | None:
        ranges = tuple(Range(*match.span(), "REDACTED") for match in self.pattern.finditer(text))
        return Finding(1.0, "REDACTED", ranges) if ranges else None
