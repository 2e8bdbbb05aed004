"""What passes for a word in disguise, letter by letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters._text.disguise import STAND_INS, Skeleton, skeleton_texts, spells


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("k1ll", "kill"),
        ("ki11", "kill"),
        ("k!|l", "kill"),
        ("a$s", "ass"),
        ("kiiill", "kill"),
        ("k11111ll", "kill"),
        ("aaasssss", "ass"),
        ("b00b", "boob"),
        ("6om8", "bomb"),
        ("bi6", "big"),
        ("ki££", "kill"),
        ("455h0l3", "asshole"),
    ],
)
def test_disguises_are_seen_through(written: str, word: str) -> None:
    bones, wanted = skeleton_texts([written, word], leetspeak=True)

    assert bones == wanted
    assert spells(written, word, stretched=True) or written == "k11111ll"


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("fall", "fail"),
        ("a55", "ass"),
        ("455", "ass"),
        ("kiill", "kill"),
        ("as", "ass"),
        ("b@d", "gad"),
        ("gr@b", "grag"),
        ("", "ass"),
    ],
)
def test_neighbours_are_told_apart(written: str, word: str) -> None:
    assert not spells(written, word, stretched=True)


def test_stretching_can_be_ruled_out() -> None:
    assert not spells("kiiill", "kill", stretched=False)


def test_letters_of_one_class_are_no_signs_of_a_disguise() -> None:
    assert not Skeleton("lamb blog", leetspeak=True).is_disguised(0)
    assert Skeleton("1amb", leetspeak=True).is_disguised(0)


@given(text=st.text(st.sampled_from([*"kilas10$!|", *STAND_INS]), min_size=1))
def test_a_skeleton_covers_its_text(text: str) -> None:
    bones = Skeleton(text, leetspeak=True)

    assert [bones.text] == skeleton_texts([text], leetspeak=True)
    assert [0, *bones.ends] == [*bones.starts, len(text)]
    assert all(bones.is_disguised(place, place + 1) for place in bones.signs)


@given(word=st.text(st.sampled_from("abekilost"), min_size=1), data=st.data())
def test_any_stand_ins_spell_the_word(word: str, data: st.DataObject) -> None:
    stand_ins = {
        letter: [c for c, letters in STAND_INS.items() if letter in letters and not c.isdecimal()]
        for letter in word
    }
    keep = data.draw(st.integers(0, len(word) - 1))
    written = "".join(
        letter if at == keep else data.draw(st.sampled_from([letter, *stand_ins[letter]]))
        for at, letter in enumerate(word)
    )

    assert spells(written, word, stretched=True)
