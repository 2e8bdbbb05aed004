"""What tokens mean."""

from __future__ import annotations

import pytest

from app.engine.generation.vocabulary import Vocabulary
from tests.recital import END, TURN, recital

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
