"""The plain form: what it makes of a text, and that every place in it maps back."""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters._text.normalise import as_written, normalise

ANY_TEXT = st.text(
    st.one_of(
        st.characters(codec=None),
        st.sampled_from(list("aK \n\t\u200b\u0301\u0336\ud800ßﬃ①Ⅷが각कि\u0e34İ﷽🅰️🇬🇧\x00")),
    )
)


@pytest.mark.parametrize(
    "written",
    [
        "KILL",
        "ＫＩＬＬ",
        "𝕂𝕚𝕝𝕝",
        "кіⅼⅼ",
        "🅺🅸🅻🅻",
        "k\u200bi\u00adl\u2060l",
        "k\u0336í\u0336ll",
        "k\x00il\ud800l",
    ],
)
def test_disguised_letters_become_plain_ones(written: str) -> None:
    assert normalise(written).text == "kill"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Straße", "strasse"),
        ("schön  \n\t war", "schon war"),
        ("Η ΝΕΑ νέα", "h nea vea"),
        ("“don’t”", '"don\'t"'),
        ("हिन्दी कि", "हिन्दी कि"),
        ("१२३ ١٢٣", "123 123"),
        ("a\u0e34b", "ab"),
        ("", ""),
        ("\u200b\u200d", ""),
    ],
)
def test_text_becomes_plain(written: str, plain: str) -> None:
    assert normalise(written).text == plain


def test_voicing_marks_make_another_letter() -> None:
    assert normalise("が").text != normalise("か").text


@given(text=ANY_TEXT)
def test_every_place_maps_back_into_the_original_in_order(text: str) -> None:
    for reading in normalise(text), as_written(text):
        assert len(reading.text) == len(reading.starts) == len(reading.ends)
        assert all(
            0 <= a < b <= len(text) for a, b in zip(reading.starts, reading.ends, strict=True)
        )
        assert list(reading.starts) == sorted(reading.starts)
        assert list(reading.ends) == sorted(reading.ends)


@given(text=ANY_TEXT)
def test_normalising_twice_changes_nothing(text: str) -> None:
    plain = normalise(text).text

    assert normalise(plain).text == plain


def test_normalising_any_character_twice_changes_nothing() -> None:
    """In bulk, with a Latin and another letter before, for every 41st code point."""
    for code in range(0, sys.maxunicode, 41):
        plain = normalise(f"x{chr(code)}ж{chr(code)} {chr(code)}").text

        assert normalise(plain).text == plain


@given(text=st.text(), other=st.text())
def test_what_looks_empty_between_words_separates_them(text: str, other: str) -> None:
    assert normalise(f"{text} \n {other}").text.count("  ") == 0


@given(text=st.text(st.characters(categories=["Lu", "Ll", "Nd", "Zs", "Po"])))
def test_the_range_of_a_character_holds_what_it_came_from(text: str) -> None:
    plain = normalise(text)

    for place in range(len(plain.text)):
        start, end = plain.original_range(place, place + 1)
        assert plain.text[place] in normalise(text[start:end]).text


def test_a_range_takes_the_marks_on_its_last_letter_along() -> None:
    plain = normalise("cafe\u0301\u0301 bar")

    assert plain.original_range(0, 4) == (0, 6)


@pytest.mark.parametrize(("start", "end"), [(0, 0), (2, 1), (-1, 1), (0, 5)])
def test_an_impossible_range_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="range"):
        normalise("kill").original_range(start, end)


def test_the_longest_decomposition_is_the_most_a_character_grows() -> None:
    longest = max(len(unicodedata.normalize("NFKD", chr(c))) for c in range(0, 0x110000, 1))

    assert len(normalise("\ufdfa" * 1_000).text) <= longest * 1_000


def test_han_signs_are_read_all_at_once_because_each_stays_as_it_is() -> None:
    signs = "".join(map(chr, range(0x4E00, 0xA000)))

    assert "".join(normalise(f"{sign}é").text[0] for sign in signs) == signs
    assert normalise(signs).text == signs
