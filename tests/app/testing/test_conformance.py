"""The kit lets good filters pass, names what is wrong with bad ones, and says how to mend it."""

from __future__ import annotations

import pytest

from app.testing import conformance, positions
from filters import Context, Filter, Item, Options, Stage
from tests.app.testing.broken_filters import (
    Absolute,
    Backtracking,
    BadEvidence,
    BadScores,
    Blocking,
    Bytes,
    Changing,
    Cubic,
    Folded,
    Labelled,
    Leisurely,
    Mixing,
    NoFinding,
    NoLabel,
    NoPassage,
    OwnScale,
    PathSource,
    Placed,
    Raising,
    Random,
    Remembering,
    Shouting,
    Skipping,
    Slow,
    Stubborn,
    TooLong,
    Unfinished,
    Utf16,
    Wavering,
)

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
        (Random, "the same text got two findings"),
        (Remembering, "judged before"),
        (Mixing, "disturb each other"),
        (Slow, "no finding within 0.1 s"),
        (Blocking, "blocked the event loop"),
        (Stubborn, "after it was cancelled"),
        (Wavering, "known bad texts score"),
        (Changing, "changed its options"),
        (Absolute, "ends behind the text"),
        (Placed, "depends on where the unit stands"),
        (Backtracking, "the time explodes"),
        (Cubic, "the time explodes"),
        (Bytes, r"is off by \+27: it counts UTF-8 bytes"),
        (Utf16, "counts UTF-16 units"),
        (Folded, "counts characters of a case-folded copy"),
        (Unfinished, "rewriting again gives another text"),
        (Skipping, "judged otherwise than as a whole"),
        (NoLabel, "NoneType where a str belongs"),
        (PathSource, "PosixPath where a str belongs"),
        (OwnScale, r"a range holds a score outside of \[0, 1\]"),
    ],
)
async def test_a_fault_is_named(kind: type[Filter], message: str) -> None:
    with pytest.raises(AssertionError, match=f"(?s){message}.*\n  mend: "):
        await conformance.check_filter(kind(Labelled()), examples=ITEMS, deadline_s=0.1)


async def test_examples_that_show_nothing_are_told() -> None:
    class Silent(Filter):
        async def check(self, item: Item) -> None:
            return None

    await conformance.check_filter(Silent(Options()))
    with pytest.raises(AssertionError, match="nothing is found in any of the examples"):
        await conformance.check_filter(Silent(Options()), examples=ITEMS)


async def test_a_budget_that_is_not_kept_is_told() -> None:
    await conformance.check_filter(Leisurely(Options()), examples=ITEMS)

    with pytest.raises(AssertionError, match=r"budget is 1\.0 ms") as caught:
        await conformance.check_filter(Leisurely(Options()), examples=ITEMS, budget_ms=1.0)
    assert "mend: prepare in `__init__`" in str(caught.value)


def test_each_wrong_way_of_counting_gives_another_number() -> None:
    assert positions.ways(0) == []


async def test_long_texts_are_cut_in_the_message() -> None:
    with pytest.raises(AssertionError) as caught:
        await conformance.check_filter(Slow(Options()), examples=ITEMS * 2, deadline_s=0.01)

    assert len(str(caught.value)) < 400
