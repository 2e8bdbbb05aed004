"""No border between windows hides a match, or makes one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chain.units import splitter
from filters._text.edges import merge
from filters.keyword import Keyword
from tests.filters.keywords import WORDS, item, keyword


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"words": ["kill"]}, "window"),
        ({"words": ["kill"], "unit": "document"}, "document"),
        ({"patterns": ["a{1,20}b"]}, "window"),
        ({"patterns": ["a.*b"]}, "document"),
        ({"patterns": ["^abc"]}, "document"),
        ({"patterns": ["[[:alpha:]]x"]}, "document"),
        ({"patterns": ["a.*b"], "pattern_width": 40}, "window"),
        ({"words": ["x" * 500]}, "document"),
    ],
)
def test_the_window_holds_the_longest_match(options: dict[str, Any], kind: str) -> None:
    assert keyword(**options).unit.kind == kind


async def windows(judge: Keyword, text: str) -> list[tuple[int, int]]:
    """Judge a text as the chain does, unit by unit."""
    cutter = splitter(judge.unit)
    spans = []
    for piece in [*cutter.feed(text), *cutter.finish()]:
        finding = await judge.check(item(piece.text, piece.start))
        ranges = finding.ranges if finding else ()
        spans += [(piece.start + r.start, piece.start + r.end) for r in ranges]
    return merge(spans)


WINDOWED = keyword(patterns=[r"\bbad\w{1,4}\b"], words=WORDS)
WHOLE = keyword(patterns=[r"\bbad\w{1,4}\b"], words=WORDS, unit="document")
_FILLING = ["\u200b", "\n\n", "s", "a", "!", "-", "'", "é", " ", " ", "class", "c l a s s", "bad"]
_FILLING += ["badger", "ing", "k*ll", "k1ll", "kiiill", "k.i.l.l"]
_LONG = ["x" * 90, "y z " * 60, "\U000e006b\U000e0069\U000e006c"]
PIECES = st.sampled_from([*WORDS, *_FILLING, *_LONG])


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(PIECES, min_size=5, max_size=80))
async def test_windows_find_what_the_whole_text_holds(pieces: list[str]) -> None:
    text = "".join(pieces)

    assert await windows(WINDOWED, text) == await windows(WHOLE, text)


@pytest.mark.parametrize("word", ["kill", "k.1.l.l", "kiiill", "build a bomb", "badger"])
async def test_no_border_hides_a_word(word: str) -> None:
    size = WINDOWED.unit.size
    for at in range(size - 40, size + 5):
        text = "x" * (at - 1) + " " + word

        assert await windows(WINDOWED, text) == [(at, at + len(word))], at


@pytest.mark.parametrize("long", ["skillful", "s.k.i.l.l.s", "skiiillful", "abadgers"])
async def test_no_border_makes_a_word_of_a_part(long: str) -> None:
    size, overlap = WINDOWED.unit.size, WINDOWED.unit.overlap
    for border in size, size - overlap:
        for at in range(border - len(long) - 1, border + 2):
            assert await windows(WINDOWED, "x" * (at - 1) + " " + long + " y" * size) == [], at


@pytest.mark.parametrize("padding", ["\u200b", "\u0301", "\u00ad"])
@pytest.mark.parametrize("before", [0, 10, 300])
async def test_a_word_padded_over_the_border_is_found(padding: str, before: int) -> None:
    size = WINDOWED.unit.size
    text = "x " * (size // 2 - before) + "ki" + padding * (before * 2 + 400) + "ll" + " y" * size

    assert await windows(WINDOWED, text)


async def test_a_phrase_padded_over_the_border_is_found() -> None:
    size = WINDOWED.unit.size
    text = "x " * (size // 2 - 100) + "build" + " " * 500 + "a bomb" + " y" * size

    assert await windows(WINDOWED, text)
