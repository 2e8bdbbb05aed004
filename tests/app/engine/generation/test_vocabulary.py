"""What tokens mean."""

from __future__ import annotations

import pytest

from app.engine.generation.vocabulary import Vocabulary
from app.errors import InvalidRequest
from tests.recital import END, START, TURN, framed, recital

WORDS, _ = recital(["é".encode(), b"\xf0\x9f"], ends=True)
SIZE = WORDS.get_vocab_size()


def test_only_tokens_that_the_logits_have_end_a_text() -> None:
    end = WORDS.token_to_id(END) or 0
    vocabulary = Vocabulary(WORDS, SIZE, [end, -1, SIZE])

    assert vocabulary.ends == {end}
    assert vocabulary.end_tokens.tolist() == [end]


@pytest.mark.parametrize(
    ("token", "text", "utf8"),
    [
        (SIZE - 5, "é", "é".encode()),
        (SIZE - 4, "\N{REPLACEMENT CHARACTER}", b"\xf0\x9f"),
        (WORDS.token_to_id(TURN) or 0, TURN, b""),
        (SIZE + 3, "", b""),  # logits may be wider than the tokenizer
    ],
)
def test_tokens_are_spelled(token: int, text: str, utf8: bytes) -> None:
    assert Vocabulary(WORDS, SIZE + 4, ()).spelled(token) == (text, utf8)


def test_the_table_for_grammars_is_made_once() -> None:
    vocabulary = Vocabulary(WORDS, SIZE + 4, [WORDS.token_to_id(END) or 0])

    table = vocabulary.grammar_tokens()

    assert table is vocabulary.grammar_tokens()
    assert table.vocab_size == SIZE + 4
    assert table.eos_tokens == [WORDS.token_to_id(END)]


def test_a_text_begins_with_what_the_tokenizer_puts_there_and_never_ends() -> None:
    words, _ = recital([], ends=True)

    assert Vocabulary(words, SIZE, []).opening == []
    assert Vocabulary(framed(words), SIZE, []).opening == [words.token_to_id(START)]


@pytest.mark.parametrize("text", ["", "a", " Once, in Zürich 😀\n", "\0"])
def test_tokens_are_read_as_their_text(text: str) -> None:
    words, _ = recital([], ends=True)
    vocabulary = Vocabulary(framed(words), SIZE, [])
    tokens = vocabulary.tokens_of(text)

    assert vocabulary.text_of(tokens) == text
    assert vocabulary.text_of(vocabulary.opening + tokens) == text


def test_half_a_character_is_read_as_a_mark() -> None:
    words, _ = recital([], ends=True)
    vocabulary = Vocabulary(words, SIZE, [])

    assert vocabulary.text_of(vocabulary.tokens_of("aé")[:-1]) == "a\ufffd"


@pytest.mark.parametrize("word", [TURN, START, END, None])
def test_control_tokens_and_unknown_ones_are_no_text(word: str | None) -> None:
    words, _ = recital([], ends=True)
    vocabulary = Vocabulary(framed(words), SIZE, [])
    token = words.token_to_id(word) if word else words.get_vocab_size()
    assert token is not None

    with pytest.raises(InvalidRequest, match="not tokens of a text"):
        vocabulary.text_of([*vocabulary.tokens_of("a"), token])
