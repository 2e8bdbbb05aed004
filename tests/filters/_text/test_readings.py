"""Texts read all at once are read as one would character by character."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from filters._text.normalise import normalise
from filters._text.readings import bare_words, spelled_out_places

CHARACTERS = st.sampled_from([*"abz019@$_.,-!é日 🙂", "  ", "   ", "\u0301", "\u200b", "k i l l"])
TEXT = st.lists(CHARACTERS, max_size=40).map("".join)
UNIT, GAP = r"(?:[^\W_]|[@$])", r"(?:[^\w@$]|_)"
SPELLED_OUT = re.compile(rf"(?<![^\W_]){UNIT}(?:{GAP}{{1,3}}{UNIT}){{2,}}(?![^\W_])")


@given(text=TEXT)
def test_letters_that_stand_apart_are_those_of_the_pattern(text: str) -> None:
    groups = [
        [group.start() + letter.start() for letter in re.finditer(UNIT, group[0])]
        for group in SPELLED_OUT.finditer(text)
    ]

    assert spelled_out_places(text) == groups


@given(text=TEXT)
def test_bare_words_have_one_space_for_what_stands_behind_them(text: str) -> None:
    plain = normalise(text)
    bare = bare_words(plain)

    assert bare.text == re.sub(r"[\W_]+", " ", plain.text).removeprefix(" ")
    assert len(bare.text) == len(bare.starts) == len(bare.ends)
    for word in re.finditer(r"[^\W_]+", bare.text):
        start, end = bare.original_range(*word.span())
        assert normalise(text[start:end]).text == word[0]


@given(text=st.text(st.characters(max_codepoint=127)))
def test_plain_ascii_is_what_its_characters_become_one_by_one(text: str) -> None:
    plain, mixed = normalise(text), normalise(f"{text}é")

    assert plain.text == mixed.text.removesuffix("e")
    assert plain.starts.tolist() == mixed.starts.tolist()[:-1]
    assert plain.ends.tolist() == mixed.ends.tolist()[:-1]
