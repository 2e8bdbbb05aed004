"""No key begins where the first words say none does, and few other words pass for one."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.keyword import matcher, wordlist
from filters.keyword.first_words import FirstWords
from filters.keyword.wordlist import WordList

WORD = st.text(st.sampled_from("abc9"), min_size=1, max_size=12)
PHRASE = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
PIECE = st.sampled_from([*"abkil1 .-é日", "kill", "k1ll", "build", "a bomb", "  ", "\u200b", "K"])


@given(keys=st.sets(PHRASE, min_size=1, max_size=8), words=st.lists(WORD, max_size=20))
def test_every_place_where_a_key_stands_is_named(keys: set[str], words: list[str]) -> None:
    text = " ".join([*words, *keys, *words])
    standing = [
        found.start()
        for key in keys
        for found in re.finditer(rf"(?<!\S)(?={re.escape(key)}(?!\S))", text)
    ]

    assert set(standing) <= set(FirstWords(keys).places(text).tolist())


def test_few_words_that_begin_no_key_pass_for_one() -> None:
    draw = random.Random(1)  # noqa: S311  words, no secrets
    made = ["".join(draw.choices("abcdefghijklmnop", k=8)) for _ in range(40_000)]
    keys, others = set(made[:20_000]), " ".join(made[20_000:])

    assert len(FirstWords(keys).places(others)) < 100


@pytest.mark.parametrize("text", ["", " ", "kill", "kill "])
def test_keys_in_other_scripts_begin_nowhere_in_ascii(text: str) -> None:
    assert all(place >= len(text.strip()) for place in FirstWords(["日本", "été"]).places(text))


@given(text=st.lists(PIECE, max_size=60).map("".join))
def test_many_words_are_found_as_few_are(text: str) -> None:
    words = ["kill", "ill", "build a bomb", "bomb", "c++", "kl", "été", "日"]
    few = WordList(words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "LARGEST_TABLE", 0)
        patch.setattr(wordlist, "SHORTEST_TEXT", 0)
        many = WordList(words)

        assert sorted(many.find(text)) == sorted(few.find(text))
