from __future__ import annotations

from app.engine import TokenLogprob
from app.routes.tokens import ReleasedTokens
from tests.app.routes.openai.written import tokens


def told(released: ReleasedTokens) -> list[tuple[str, int]]:
    return [(token.text, place) for token, place in released.told]


def test_a_token_is_told_when_all_of_it_is_released() -> None:
    released = ReleasedTokens(tokens("It ", "is ", "late."))

    assert [one.text for one, _ in released.release("It i")] == ["It "]
    assert [one.text for one, _ in released.release("s l")] == ["is "]
    assert released.release("") == []
    assert told(released) == [("It ", 0), ("is ", 3)]


def test_from_a_changed_word_on_nothing_is_told() -> None:
    released = ReleasedTokens(tokens("My ", "secret ", "is ", "safe."))
    released.release("My ****** is safe.")

    assert told(released) == [("My ", 0)]


def test_places_count_characters_not_bytes() -> None:
    half = [TokenLogprob(0, "\ufffd", piece, -1.0) for piece in (b"\xc3", b"\xa9")]
    released = ReleasedTokens([*half, *tokens("é", "!")])
    released.release("éé!")

    assert [place for _, place in released.told] == [0, 1, 1, 2]


def test_a_space_that_is_not_shown_does_not_matter() -> None:
    released = ReleasedTokens(tokens(" It", " is"))
    released.release("It is")

    assert [text for text, _ in told(released)] == [" It", " is"]


def test_a_token_that_a_stop_text_cut_is_not_told() -> None:
    released = ReleasedTokens(tokens("One. ", "Two. END secret"))
    released.release("One. Two. ")

    assert told(released) == [("One. ", 0)]


def test_tokens_without_text_are_left_out() -> None:
    released = ReleasedTokens([TokenLogprob(1, "", b"", -1.0), *tokens("a")])
    released.release("a")

    assert told(released) == [("a", 0)]
