"""Rows as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from scripts.corpus.row import Row
from scripts.training import base
from scripts.training.examples import UNKNOWN, answered, collate, labelled

pytestmark = pytest.mark.train
TOKENIZER: Tokenizer = base.tokenizer()
PASSAGE = "The gate was built in 1931. It opens at nine and holds back the water of the lake."


def _question(start: int, end: int, *, loose: bool = False, passage: str = PASSAGE) -> Row:
    return Row(group="g", text="When?", pair=passage, spans=((start, end),), loose=loose)


def _said(row: Row, max_tokens: int = 64) -> tuple[str, str]:
    """Return the words an answer may start and end with."""
    example = answered(row, TOKENIZER, max_tokens)
    words = [str(TOKENIZER.id_to_token(number)) for number in example.ids]
    return " ".join(words[at] for at in example.starts), " ".join(words[at] for at in example.ends)


def test_an_exact_answer_has_one_start_and_one_end() -> None:
    start = PASSAGE.index("opens")

    assert _said(_question(start, PASSAGE.index(" and"))) == ("opens", "nine")


def test_a_loose_answer_may_start_and_end_anywhere_in_its_sentence() -> None:
    sentence = "the gate was built in 1931 ."

    assert _said(_question(0, 27, loose=True)) == (sentence, sentence)


def test_no_answer_is_the_first_place() -> None:
    example = answered(Row(group="g", text="Who?", pair=PASSAGE), TOKENIZER, 64)

    assert (example.starts, example.ends) == ((0,), (0,))


@settings(max_examples=25)
@given(before=st.integers(0, 40), behind=st.integers(0, 40))
def test_a_long_passage_is_cut_around_its_answer(before: int, behind: int) -> None:
    filling = "Cats sleep most of the day. "
    passage = filling * before + PASSAGE + " " + filling * behind
    start = passage.index("1931")

    row = _question(start, start + 4, passage=passage)

    assert len(answered(row, TOKENIZER, 64).ids) <= 64
    assert _said(row) == ("1931", "1931")


def test_labels_nobody_was_asked_for_are_marked() -> None:
    row = Row(group="g", text="You idiot", labels={"insult": 1.0})

    example = labelled(row, TOKENIZER, ("toxicity", "insult"), 16)

    assert example.values == (UNKNOWN, 1.0)


@pytest.mark.parametrize(("passage", "claim"), [("p " * 900, "c"), ("p", "c " * 900)])
def test_a_pair_is_cut_to_what_the_network_reads(passage: str, claim: str) -> None:
    row = Row(group="g", text=passage, pair=claim, labels={"supported": 1.0})

    example = labelled(row, TOKENIZER, ("supported",), 48)

    assert len(example.ids) <= 48
    assert example.types[-1] == 1


def test_emoji_reach_the_network_as_words() -> None:
    row = Row(group="g", text="you are a \N{RAT}")

    words = TOKENIZER.decode(labelled(row, TOKENIZER, (), 32).ids)

    assert words == "you are a rat"


def test_a_batch_is_padded_to_its_longest_example() -> None:
    rows = [Row(group="g", text="short", pair=PASSAGE), _question(0, 8, passage=PASSAGE * 2)]
    examples = [answered(row, TOKENIZER, 128) for row in rows]

    batch = collate(examples)

    assert batch.ids.shape == (2, max(len(example.ids) for example in examples))
    assert batch.mask.sum(1).tolist() == [len(example.ids) for example in examples]
    assert batch.starts[0].nonzero().flatten().tolist() == [0]
