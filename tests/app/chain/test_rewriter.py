"""Whatever a rewriting filter covers with a range never comes out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chain.chain import StageRun
from filters import Finding, Item, Range, Unit
from tests.app.chain.sample_filters import CONTEXT, Word, WordOptions, instance

Span = tuple[int, int]


class Marked(Word):
    """Report chosen stretches of the whole text in each unit that holds all of them."""

    def __init__(self, unit: Unit, spans: list[Span], replacement: str | None = "") -> None:
        super().__init__(WordOptions(replacement=replacement), unit)
        self.spans = spans

    async def check(self, item: Item) -> Finding | None:
        end = item.start + len(item.text)
        ranges = tuple(
            Range(a - item.start, b - item.start, f"{a}", replacement=self.replacement)
            for a, b in self.spans
            if item.start <= a and b <= end
        )
        return Finding(1.0, "marked", ranges) if ranges else None


class FirstUnits(Marked):
    """Report a stretch in the first unit that holds it only."""

    def __init__(self, unit: Unit, spans: list[Span], replacement: str | None = "") -> None:
        super().__init__(unit, spans, replacement)
        self.told: set[Span] = set()

    async def check(self, item: Item) -> Finding | None:
        finding = await super().check(item)
        if finding is None:
            return None
        places = {
            found: (found.start + item.start, found.end + item.start) for found in finding.ranges
        }
        new = tuple(found for found, place in places.items() if place not in self.told)
        self.told |= set(places.values())
        return replace(finding, ranges=new) if new else None


class Everything(Word):
    """Hit every unit and name no range."""

    async def check(self, item: Item) -> Finding | None:
        return Finding(1.0, "all")


async def released(judge: Word, pieces: list[str]) -> str:
    run = StageRun([instance(judge, action="rewrite")]).text(CONTEXT)
    out = [await run.feed(piece) for piece in pieces]
    return "".join(out) + await run.feed("", last=True)


async def test_a_range_that_begins_inside_another_is_replaced_too() -> None:
    judge = Marked(Unit.document(), [(0, 5), (3, 10)], replacement=None)

    assert await released(judge, ["SECRETNAME is here"]) == "[0][3] is here"


@pytest.mark.parametrize("unit", [Unit.window(24), Unit.window(48), Unit.document()])
async def test_nothing_of_units_that_are_bad_as_a_whole_comes_out(unit: Unit) -> None:
    out = await released(Everything(WordOptions(), unit), ["x" * 80])

    assert "x" not in out
    assert "[all]" in out


class Graded(Word):
    """Score every word by its digit."""

    async def check(self, item: Item) -> Finding | None:
        digits = [(place, int(char) / 10) for place, char in enumerate(item.text) if char.isdigit()]
        ranges = tuple(Range(place, place + 1, "x", score, "*") for place, score in digits)
        return Finding(max(score for _, score in digits), "x", ranges)


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.2, "1 * * *"), (0.3, "1 2 * *"), (0.9, "1 2 3 *")]
)
async def test_the_operators_threshold_holds_for_each_range(
    threshold: float, expected: str
) -> None:
    stage = StageRun(
        [instance(Graded(WordOptions(), Unit.document()), action="rewrite", threshold=threshold)]
    )
    run = stage.text(CONTEXT)

    assert await run.feed("1 2 3 9", last=True) == expected
    assert len(stage.verdicts[0].ranges) == expected.count("*")


async def test_a_hit_whose_ranges_all_stay_below_the_threshold_is_rewritten_at_all_of_them() -> (
    None
):
    class Unsure(Word):
        async def check(self, item: Item) -> Finding | None:
            ranges = (Range(0, 3, "x", 0.1, "*"), Range(4, 6, "x", 0.1, "*"))
            return Finding(0.9, "x", ranges)

    assert await released(Unsure(WordOptions(), Unit.document()), ["one two"]) == "* *o"


UNITS = st.sampled_from([Unit.window(24), Unit.window(36), Unit.document()])
SPANS = st.lists(
    st.tuples(st.integers(0, 119), st.integers(1, 40)).map(lambda s: (s[0], min(120, sum(s)))),
    max_size=8,
)


@pytest.mark.parametrize("unit", [Unit.window(24), Unit.window(120)])
async def test_what_only_the_first_of_two_windows_saw_in_their_overlap_goes_too(unit: Unit) -> None:
    text = "".join(chr(0x4E00 + place) for place in range(300))
    start = unit.size - unit.overlap

    for span in [(start, start + 1), (start, unit.size), (unit.size - 1, unit.size)]:
        for pieces in [text], list(text):
            out = await released(FirstUnits(unit, [span]), pieces)
            assert out == text[: span[0]] + text[span[1] :]


@pytest.mark.parametrize("kind", [Marked, FirstUnits])
@settings(max_examples=150, deadline=None)
@given(unit=UNITS, spans=SPANS, sizes=st.lists(st.integers(1, 40), max_size=20))
async def test_no_covered_character_is_released_however_the_text_arrives(
    kind: type[Marked], unit: Unit, spans: list[Span], sizes: list[int]
) -> None:
    text = "".join(chr(0x4E00 + place) for place in range(120))
    borders = [0, *(sum(sizes[: n + 1]) for n in range(len(sizes))), 120]
    pieces = [text[a:b] for a, b in pairwise(borders)]
    seen = [
        (a, b)
        for a, b in spans
        if unit.kind == "document" or _fits(a, b, unit.size, unit.size - unit.overlap)
    ]
    covered = {place for a, b in seen for place in range(a, b)}

    out = await released(kind(unit, spans), pieces)

    assert out == "".join(char for place, char in enumerate(text) if place not in covered)


def _fits(start: int, end: int, size: int, stride: int) -> bool:
    return any(at <= start and end <= at + size for at in range(0, 120, stride))
