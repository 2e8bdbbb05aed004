"""Mending texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.corpus.row import Row
from scripts.corpus.text import latin_share, mended, mended_row

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        ("cafÃ© crÃ¨me", "café crème"),
        ("a &amp; b", "a & b"),
        ("a\x00b\x07c", "abc"),
        ("  two   spaces ", "two spaces"),
        ("e\u0301", "é"),
        ("zero\u200bwidth", "zerowidth"),
    ],
)
def test_broken_texts_are_mended(broken: str, text: str) -> None:
    assert mended(broken) == text


@given(st.text(max_size=60))
def test_a_mended_text_is_composed_and_has_no_control_characters(text: str) -> None:
    found = mended(text)

    assert unicodedata.normalize("NFC", found) == found
    assert not any(
        unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in found
    )


def test_answers_are_found_again_behind_what_was_mended() -> None:
    passage = "The  cafÃ©   &amp; the gate were built in 1931, not in 1874."
    start = passage.index("1931")
    row = Row(group="g", text="When?", pair=passage, spans=((start, start + 4),))

    found = mended_row(row)

    assert found
    assert found.pair == "The café & the gate were built in 1931, not in 1874."
    assert [found.pair[a:b] for a, b in found.spans] == ["1931"]


def test_an_answer_that_cannot_be_found_again_gives_up_the_row() -> None:
    row = Row(group="g", text="What?", pair="Nothing\x00\x01here", spans=((7, 9),))

    assert mended_row(row) is None


@pytest.mark.parametrize(
    ("text", "share"), [("abc", 1.0), ("", 1.0), ("12?", 1.0), ("ab\u0431\u0434", 0.5)]
)
def test_the_share_of_latin_letters(text: str, share: float) -> None:
    assert latin_share(text) == share
