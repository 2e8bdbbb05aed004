"""Sentences of prompts, completions and passages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters._text.sentences import sentence_spans, sentences


def test_sentences_end_where_a_reader_would_say() -> None:
    text = 'It weighs 12 t. Dr. Who, e.g. J. Smith, pays $3.14. "Really?" Yes!\n- one\n- two\n\nEnd'

    assert sentences(text) == [
        "It weighs 12 t.",
        "Dr. Who, e.g. J. Smith, pays $3.14.",
        '"Really?"',
        "Yes!",
        "- one",
        "- two",
        "End",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "One. Two! Three? Four…",
        'He said "stop." Then he left.',
        "It ends (like this.) And goes on.",
        "水門です。 次です\uff01",
    ],
)
def test_sentences_end(text: str) -> None:
    assert len(sentences(text)) >= 2
    assert " ".join(sentences(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "Some words, e.g. Postgres, i.e. the store, cf. Fig. 3 there.",
        "Dr. Smith and J. Doe et al. wrote it.",
        "Version 2.5 of penstock.toml is read.",
        "3. The third step of the list.",
        "Keys, queues etc. are kept.",
        "no end at all",
        "https://example\u3002com/gate is one address.",
    ],
)
def test_sentences_go_on(text: str) -> None:
    assert sentences(text) == [text]


def test_numbers_of_a_list_stay_with_their_items() -> None:
    assert sentences("Steps:\n1. Write it. Well.\n2. Test it.") == [
        "Steps:\n1. Write it.",
        "Well.",
        "2. Test it.",
    ]


def test_scripts_without_spaces() -> None:
    assert sentences("水門です。次です\uff01") == ["水門です。", "次です\uff01"]


def test_nothing_gives_nothing() -> None:
    assert sentences("  \n ") == []


@given(text=st.text(st.sampled_from(list("aA .!?\n\r-。é\u200b"))))
def test_every_visible_character_is_in_one_sentence(text: str) -> None:
    covered = [place for a, b in sentence_spans(text) for place in range(a, b)]

    assert len(covered) == len(set(covered))
    assert {at for at, char in enumerate(text) if not char.isspace()} <= set(covered)
