"""The kit lets good filters pass and names what is wrong with bad ones."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from app.testing import conformance
from filters import (
    Canary,
    Context,
    Evidence,
    Filter,
    Finding,
    Item,
    Options,
    Passage,
    Range,
    Stage,
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
    seen: ClassVar[list[str]] = []

    async def check(self, item: Item) -> Finding | None:
        self.seen.append(item.text)
        return Finding(min(1.0, len(self.seen) / 1_000), "x")


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


ITEMS = [Item("STOP IT", Context(Stage.INPUT, "STOP IT"))]


async def test_a_good_filter_passes() -> None:
    await conformance.check_filter(Shouting(Options()), examples=ITEMS)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (TooLong, "a range ends behind the text"),
        (NoFinding, "returned float"),
        (BadScores, r"outside of \[0, 1\]"),
        (BadEvidence, "beside its passage"),
        (NoPassage, "passage that is not there"),
        (Raising, "raised UnicodeEncodeError"),
        (Remembering, "judged before"),
        (Mixing, "disturb each other"),
        (Slow, "no finding within 0.1 s"),
        (Blocking, "blocked the event loop"),
        (Stubborn, "after it was cancelled"),
        (Wavering, "known bad texts score"),
        (Changing, "changed its options"),
        (Absolute, "ends behind the text.*where the unit begins at"),
        (Placed, "depends on where the unit stands"),
        (Backtracking, "blocked the event loop"),
        (Cubic, "blocked the event loop"),
        (NoLabel, "NoneType where a str belongs"),
        (PathSource, "PosixPath where a str belongs"),
        (OwnScale, r"a range holds a score outside of \[0, 1\]"),
    ],
)
async def test_a_fault_is_named(kind: type[Filter], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        await conformance.check_filter(kind(Labelled()), examples=ITEMS, deadline_s=0.1)


async def test_long_texts_are_cut_in_the_message() -> None:
    with pytest.raises(AssertionError) as caught:
        await conformance.check_filter(Slow(Options()), examples=ITEMS * 2, deadline_s=0.01)

    assert len(str(caught.value)) < 300
