"""No border between windows hides a match, or makes one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import Stage
from filters._text.edges import merge
from filters.keyword import Keyword
from tests.filters.items import judged
from tests.filters.keywords import WORDS, keyword


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


async def windows(judge: Keyword, text: str, stage: Stage) -> list[tuple[int, int]]:
    """Judge a text as the chain does, unit by unit; those of a completion grow."""
    return merge((found.start, found.end) for found in await judged(judge, text, stage))


STAGES = pytest.mark.parametrize("stage", [Stage.INPUT, Stage.OUTPUT])
WINDOWED = keyword(patterns=[r"\bbad\w{1,4}\b"], words=WORDS)
KINDS: dict[str, dict[str, Any]] = {
    "all tricks": {"patterns": [r"\bbad\w{1,4}\b"]},
    "no longer than a word": {"stretched": False, "spelled_out": False},
    "as written": {"case_sensitive": True},
}
_FILLING = ["\u200b", "\n\n", "s", "a", "!", "-", "'", "é", " ", " ", "class", "c l a s s", "bad"]
_FILLING += ["badger", "ing", "k*ll", "k1ll", "kiiill", "k.i.l.l"]
_LONG = ["x" * 90, "y z " * 60, "\U000e006b\U000e0069\U000e006c"]
PIECES = st.sampled_from([*WORDS, *_FILLING, *_LONG])


@STAGES
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(PIECES, min_size=5, max_size=80))
async def test_windows_find_what_the_whole_text_holds(
    kind: str, pieces: list[str], stage: Stage
) -> None:
    text = "".join(pieces)
    windowed, whole = (keyword(words=WORDS, unit=u, **KINDS[kind]) for u in ("window", "document"))

    assert await windows(windowed, text, stage) == await windows(whole, text, stage)


def test_the_window_is_smaller_where_no_trick_makes_a_word_longer() -> None:
    sizes = [keyword(words=["kill"], **KINDS[kind]).unit.size for kind in reversed(KINDS)]

    assert sizes == sorted(set(sizes))


@STAGES
@pytest.mark.parametrize("word", ["kill", "k.1.l.l", "kiiill", "build a bomb", "badger"])
async def test_no_border_hides_a_word(word: str, stage: Stage) -> None:
    size = WINDOWED.unit.size
    for at in range(size - 40, size + 5):
        text = "x" * (at - 1) + " " + word

        assert await windows(WINDOWED, text, stage) == [(at, at + len(word))], at


@STAGES
@pytest.mark.parametrize("long", ["skillful", "s.k.i.l.l.s", "skiiillful", "abadgers"])
async def test_no_border_makes_a_word_of_a_part(long: str, stage: Stage) -> None:
    size, overlap = WINDOWED.unit.size, WINDOWED.unit.overlap
    for border in size, size - overlap, size // 4, size // 4 - overlap:
        for at in range(border - len(long) - 1, border + 2):
            assert (
                await windows(WINDOWED, "x" * (at - 1) + " " + long + " y" * size, stage) == []
            ), at


@STAGES
@pytest.mark.parametrize("padding", ["\u200b", "\u0301", "\u00ad"])
@pytest.mark.parametrize("before", [0, 10, 300])
async def test_a_word_padded_over_the_border_is_found(
    padding: str, before: int, stage: Stage
) -> None:
    size = WINDOWED.unit.size
    text = "x " * (size // 2 - before) + "ki" + padding * (before * 2 + 400) + "ll" + " y" * size

    assert await windows(WINDOWED, text, stage)


@STAGES
async def test_a_phrase_padded_over_the_border_is_found(stage: Stage) -> None:
    size = WINDOWED.unit.size
    text = "x " * (size // 2 - 100) + "build" + " " * 500 + "a bomb" + " y" * size

    assert await windows(WINDOWED, text, stage)
