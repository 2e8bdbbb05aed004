"""Tokens to text, piece by piece."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from app.engine.generation.token_text import TokenText
from app.engine.generation.vocabulary import Vocabulary
from tests.recital import END, recital

WORDS, _ = recital([], ends=True)


def spelled(tokenizer: Tokenizer) -> Vocabulary:
    return Vocabulary(tokenizer, tokenizer.get_vocab_size(), ())


def tokens(text: str, tokenizer: Tokenizer = WORDS) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def pieces(text: str, *stops: str) -> tuple[list[str], bool]:
    """Feed byte by byte, until a stop string."""
    built, out = TokenText(spelled(WORDS), stops), []
    for token in tokens(text):
        out.append(built.add(token))
        if built.is_stopped:
            break
    out.append(built.finish())
    return [piece for piece in out if piece], built.is_stopped


def test_no_half_character_ever_comes_out() -> None:
    out, _ = pieces("é€😀!")

    assert out == ["é", "€", "😀", "!"]


def test_half_a_character_at_the_end_is_dropped() -> None:
    built = TokenText(spelled(WORDS), ())

    out = [built.add(token) for token in tokens("a😀")[:-1]]

    assert "".join(out) + built.finish() == "a"


def test_whole_characters_before_half_a_one_come_at_once() -> None:
    words, _ = recital([b"h\xc3"], ends=True)
    built = TokenText(spelled(words), ())

    assert built.add(words.get_vocab_size() - 4) == "h"  # behind it stand three control tokens
    assert built.finish() == ""


def test_a_stop_string_before_half_a_character_counts() -> None:
    words, _ = recital([b"EN", b"D\xc3"], ends=True)
    built = TokenText(spelled(words), ("END",))

    out = [built.add(words.get_vocab_size() - 5), built.add(words.get_vocab_size() - 4)]

    assert ["".join(out), built.finish(), built.is_stopped] == ["", "", True]


def test_control_tokens_are_no_text() -> None:
    built = TokenText(spelled(WORDS), ())

    assert built.add(WORDS.token_to_id(END) or 0) == ""


def test_a_stop_string_ends_the_text_before_itself() -> None:
    assert pieces("one\n\ntwo\nEND three", "END") == (list("one\n\ntwo\n"), True)


def test_a_stop_string_across_tokens_never_shows_its_beginning() -> None:
    out, stopped = pieces("abc STOP", "STOP", "ST.")

    assert "".join(out) == "abc "
    assert stopped


def test_what_only_looks_like_a_stop_string_is_released() -> None:
    out, stopped = pieces("a STO b S", "STOP")

    assert "".join(out) == "a STO b S"
    assert "STO " in out
    assert not stopped


def test_the_earliest_of_several_stop_strings_counts() -> None:
    words, _ = recital([b"xx AB CD"], ends=True)
    built = TokenText(spelled(words), ("CD", "AB"))

    assert built.add(words.get_vocab_size() - 4) == "xx "
    assert built.is_stopped


def test_an_empty_stop_string_stops_nothing() -> None:
    assert pieces("ab", "") == (["a", "b"], False)


@given(text=st.text(max_size=60), stop=st.text(min_size=1, max_size=4))
@settings(deadline=None)
def test_the_pieces_are_the_text_up_to_the_stop_string(text: str, stop: str) -> None:
    out, stopped = pieces(text, stop)

    assert "".join(out) == text.partition(stop)[0]
    assert stopped is (stop in text)


@pytest.mark.parametrize("stops", [(), ("never",)])
def test_without_a_stop_string_everything_comes_out(stops: tuple[str, ...]) -> None:
    text = "never say neve"

    out, _ = pieces(text, *(stop.upper() for stop in stops))

    assert "".join(out) == text


def test_a_stop_string_does_not_count_before_the_least_number_of_tokens() -> None:
    built = TokenText(spelled(WORDS), ("ab",), min_tokens=4)

    out = [built.add(token) for token in tokens("abaab")]

    assert ["".join(out), built.is_stopped] == ["aba", True]


def test_after_the_stop_string_nothing_comes() -> None:
    built = TokenText(spelled(WORDS), ("b",))

    assert [built.add(token) for token in tokens("ab")] == ["a", ""]
    assert built.finish() == ""
