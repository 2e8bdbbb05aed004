"""What is known of a passage is remembered, but not of what only a client would send."""

from filters.grounding.support import REMEMBERED_CHARS, source_of


def test_passages_of_the_usual_size_are_read_once() -> None:
    text = "The gate holds water. " * 20

    assert source_of(text) is source_of(text)


def test_long_texts_are_not_kept() -> None:
    text = "x" * (REMEMBERED_CHARS + 1)

    first, second = source_of(text), source_of(text)

    assert first is not second
    assert first == second
