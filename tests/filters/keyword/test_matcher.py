"""Every key is found at its place in characters, across the blocks that are searched at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.keyword import matcher
from filters.keyword.matcher import Matcher

LETTERS = st.sampled_from("abé日🙂 ")
KEYS = st.sets(st.text(LETTERS, min_size=1, max_size=5), max_size=8)
TEXT = st.text(LETTERS, max_size=60)


@pytest.mark.parametrize("table", [0, matcher.LARGEST_TABLE])
@pytest.mark.parametrize("block", [1, 3, 16, 65_536])
@given(keys=KEYS, text=TEXT)
def test_all_places_of_all_keys_are_found(
    table: int, block: int, keys: set[str], text: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "BLOCK", block)
        patch.setattr(matcher, "LARGEST_TABLE", table)
        found = list(Matcher({key: key.upper() for key in keys}).occurrences(text))

    assert sorted(found) == sorted(
        (at, at + len(key), key.upper())
        for key in keys
        for at in range(len(text))
        if text.startswith(key, at)
    )


@given(keys=KEYS, texts=st.lists(TEXT, min_size=1, max_size=4), between=TEXT)
def test_keys_are_found_within_stretches_only(
    keys: set[str], texts: list[str], between: str
) -> None:
    stretches, whole = [], ""
    for text in texts:
        stretches.append((len(whole), len(whole) + len(text)))
        whole += text + between

    found = list(Matcher(dict.fromkeys(keys)).occurrences_within(whole, stretches))

    assert sorted(found) == sorted(
        (at, at + len(key), None)
        for key in keys
        for start, stop in stretches
        for at in range(start, stop)
        if whole.startswith(key, at) and at + len(key) <= stop
    )


@given(keys=KEYS, beginning=st.text(LETTERS, min_size=1, max_size=4))
def test_beginnings_of_keys_are_known(keys: set[str], beginning: str) -> None:
    known = Matcher(dict.fromkeys(keys)).has_key_from(beginning)

    assert known == any(key.startswith(beginning) for key in keys)
