"""Sentences of passages and prompts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filters._sentences import sentence_spans


def test_sentences_end_where_a_reader_would_say() -> None:
    text = 'It weighs 12 t. Dr. Who, e.g. J. Smith, pays $3.14. "Really?" Yes!\n- one\n- two\n\nEnd'

    assert [text[a:b] for a, b in sentence_spans(text)] == [
        "It weighs 12 t.",
        "Dr. Who, e.g. J. Smith, pays $3.14.",
        '"Really?"',
        "Yes!",
        "- one",
        "- two",
        "End",
    ]


@given(text=st.text(st.sampled_from(list("aA .!?\n\r-。é\u200b"))))
def test_every_visible_character_is_in_one_sentence(text: str) -> None:
    covered = [place for a, b in sentence_spans(text) for place in range(a, b)]

    assert len(covered) == len(set(covered))
    assert {at for at, char in enumerate(text) if not char.isspace()} <= set(covered)
