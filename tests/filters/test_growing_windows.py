"""Where a completion's first window is smaller, no border hides a match, or makes one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.chain.chain import StageRun
from app.exchange import Edit
from filters import Context, Filter, Stage
from filters.invisible import Invisible, InvisibleOptions
from filters.pii import Pii, PiiOptions
from filters.regex import Regex, RegexOptions
from filters.topics import Topics, TopicsOptions
from tests.app.chain.sample_filters import instance
from tests.filters.keywords import keyword

Make = Callable[[], Filter]
FILTERS: dict[str, tuple[Make, str]] = {
    "a word that is spelled out": (lambda: keyword(words=["badger"]), "b.a.d.g.e.r"),
    "a phrase": (lambda: keyword(words=["build a bomb"]), "build\n- a bomb"),
    "a pattern": (lambda: Regex(RegexOptions(patterns={"id": r"\b[A-Z]{3}-\d{4}\b"})), "ABC-1234"),
    "a card": (lambda: Pii(PiiOptions(numbered=False)), "4111 1111 1111 1111"),
    "a name": (
        lambda: Topics(TopicsOptions(topics={"acme": ("Roadrunner Trap",)})),
        "roadrunner trap",
    ),
    "invisible characters": (lambda: Invisible(InvisibleOptions()), "\u200b" * 12),
}
GOES_ON = {"a word that is spelled out": "w.b.a.d.g.e.r.s", "a pattern": "XABC-12345"}


async def edits(judge: Filter, stage: Stage, text: str) -> list[Edit]:
    run = StageRun([instance(judge, action="rewrite", stage=stage)]).text(Context(stage, "?"))
    await run.feed(text, last=True)
    return list(run.edits)


def places(judge: Filter, width: int) -> list[int]:
    """Return where a match touches one of the first borders, or lies just beside it."""
    size, overlap = judge.unit.size, judge.unit.overlap
    first, second = size // 4, size // 4 - overlap + size
    borders = [first, first - overlap, second, second - overlap]
    return sorted({at for border in borders for at in range(border - width - 3, border + 4)})


def test_the_windows_of_all_of_these_grow() -> None:
    assert all(make().unit.grows for make, _ in FILTERS.values())


@pytest.mark.parametrize("name", FILTERS)
async def test_no_border_hides_a_match(name: str) -> None:
    make, match = FILTERS[name]
    judge = make()
    behind = " and more" * (judge.unit.size // 4)
    for at in places(judge, len(match)):
        text = "x" * (at - 1) + " " + match + behind

        (edit,) = await edits(judge, Stage.OUTPUT, text)
        assert (edit.start, edit.end) == (at, at + len(match)), at
        assert [edit] == await edits(judge, Stage.INPUT, text), at


@pytest.mark.parametrize("name", GOES_ON)
async def test_no_border_makes_a_match_of_a_part(name: str) -> None:
    judge, long = FILTERS[name][0](), GOES_ON[name]
    for at in places(judge, len(long)):
        text = "x" * (at - 1) + " " + long + " and more" * (judge.unit.size // 4)

        assert await edits(judge, Stage.OUTPUT, text) == [], at
