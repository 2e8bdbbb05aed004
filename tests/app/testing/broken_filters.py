"""Filters that each break one rule of the contract, and the good one that they come from."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path

from filters import (
    Canary,
    Evidence,
    Filter,
    Finding,
    Item,
    Options,
    Passage,
    Range,
    Unit,
)


class Shouting(Filter):
    """Find text in capitals."""

    unit = Unit.sentence()

    async def check(self, item: Item) -> Finding | None:
        share = sum(map(str.isupper, item.text)) / len(item.text)
        return Finding(share, "shouting", (Range(0, len(item.text), "shouting", share),))

    def canaries(self) -> Sequence[Canary]:
        return (Canary("STOP IT", bad=True), Canary("Please stop.", bad=False))


class TooLong(Shouting):
    async def check(self, item: Item) -> Finding | None:
        return Finding(1.0, "x", (Range(0, len(item.text.encode("utf-8", "replace")), "x"),))


class NoFinding(Shouting):
    async def check(self, item: Item) -> Finding | None:
        return 0.5  # type: ignore[return-value]


class BadScores(Shouting):
    async def check(self, item: Item) -> Finding | None:
        return Finding(0.5, "x", scores={"x": float("nan")})


class BadEvidence(Shouting):
    async def check(self, item: Item) -> Finding | None:
        found = (Evidence(0, 0, 10_000, "x", 1.0),) if item.context.passages else ()
        return Finding(0.5, "x", evidence=found)


class NoPassage(Shouting):
    async def check(self, item: Item) -> Finding | None:
        return Finding(0.5, "x", evidence=(Evidence(7, 0, 1, "x", 1.0),))


class Raising(Shouting):
    async def check(self, item: Item) -> Finding | None:
        item.text.encode()
        return None


class Remembering(Shouting):
    """Lets the text before this one have a say."""

    current, previous = "", ""

    async def check(self, item: Item) -> Finding | None:
        if item.text != self.current:
            self.previous, self.current = self.current, item.text
        return Finding(min(1.0, len(self.previous) / 1_000), "x")


class Mixing(Shouting):
    current = ""

    async def check(self, item: Item) -> Finding | None:
        self.current = item.text
        await asyncio.sleep(0)
        return Finding(1.0, "x", (Range(0, len(self.current), "x"),))


class Slow(Shouting):
    async def check(self, item: Item) -> Finding | None:
        await asyncio.sleep(60)
        return None


class Blocking(Shouting):
    async def check(self, item: Item) -> Finding | None:
        time.sleep(0.2)  # noqa: ASYNC251 - the fault under test
        return None


class Stubborn(Shouting):
    async def check(self, item: Item) -> Finding | None:
        if len(item.text) < 1_000:
            return None
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            await asyncio.sleep(60)
        return None


class Wavering(Shouting):
    def canaries(self) -> Sequence[Canary]:
        return (Canary("stop it", bad=True), Canary("Please Stop.", bad=False))


class Changing(Shouting):
    async def check(self, item: Item) -> Finding | None:
        self.options.__dict__["label"] = "changed"
        return None

    def canaries(self) -> Sequence[Canary]:
        return ()


class Absolute(Shouting):
    async def check(self, item: Item) -> Finding | None:
        place = item.start
        return Finding(0.5, "x", (Range(place, place + len(item.text), "x"),))


class Placed(Shouting):
    async def check(self, item: Item) -> Finding | None:
        return Finding(0.0 if item.start else 0.5, "x")


class Backtracking(Shouting):
    pattern = re.compile(r"(a+)+$")

    async def check(self, item: Item) -> Finding | None:
        return Finding(1.0, "x") if self.pattern.search(item.text) else None

    def canaries(self) -> Sequence[Canary]:
        return ()


class Cubic(Backtracking):
    pattern = re.compile(r"1*1*1*1*x")


class NoLabel(Shouting):
    async def check(self, item: Item) -> Finding | None:
        return Finding(0.5, None)  # type: ignore[arg-type]


class PathSource(Shouting):
    async def check(self, item: Item) -> Finding | None:
        passage = Passage("p", "text", Path("docs/a.md"))  # type: ignore[arg-type]
        return Finding(0.0, "x", passages=(passage,))


class OwnScale(Shouting):
    async def check(self, item: Item) -> Finding | None:
        return Finding(0.5, "x", (Range(0, 1, "x", 7.5),))


class Labelled(Options):
    label: str = "x"


class Random(Shouting):
    draw = random.Random(0)  # noqa: S311 - the fault under test

    async def check(self, item: Item) -> Finding | None:
        return Finding(self.draw.random(), "x")


class Bytes(Shouting):
    """Finds shouted words, but counts their place in UTF-8."""

    unit = Unit.document()
    encoding = "utf-8"

    async def check(self, item: Item) -> Finding | None:
        found = re.search(r"STOP", item.text)
        if found is None:
            return None
        before = item.text[: found.start()].encode(self.encoding, "surrogatepass")
        start = len(before) // len("a".encode(self.encoding))
        return Finding(1.0, "x", (Range(start, start + 4, "x"),))


class Utf16(Bytes):
    encoding = "utf-16-le"


class Folded(Bytes):
    async def check(self, item: Item) -> Finding | None:
        start = item.text.casefold().find("stop it")
        return Finding(1.0, "x", (Range(start, start + 4, "x"),)) if start >= 0 else None


class Unfinished(Shouting):
    """Writes what it finds again."""

    async def check(self, item: Item) -> Finding | None:
        found = re.search(r"STOP", item.text)
        if found is None:
            return None
        place = Range(found.start(), found.end(), "x", replacement="DO NOT STOP")
        return Finding(1.0, "x", (place,))


class Skipping(Shouting):
    """Leaves a unit out while another one of the same text is judged."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._busy: set[int] = set()

    async def check(self, item: Item) -> Finding | None:
        text = id(item.context)
        if text in self._busy:
            return None
        self._busy.add(text)
        try:
            await asyncio.sleep(0)
            return await super().check(item)
        finally:
            self._busy.discard(text)


class Leisurely(Shouting):
    async def check(self, item: Item) -> Finding | None:
        await asyncio.sleep(0.002)
        return await super().check(item)
