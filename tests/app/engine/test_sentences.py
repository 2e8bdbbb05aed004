"""Cutting passages into sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.sentences import MAX_CHARS, split_sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \n\n ", []),
        ("No mark at the end", ["No mark at the end"]),
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Wait... Really?! Yes.", ["Wait...", "Really?!", "Yes."]),
        ("It went on ... and on. Then it ended.", ["It went on ... and on.", "Then it ended."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("(See there.) Next.", ["(See there.)", "Next."]),
        ("Over\ntwo lines. And\nmore.", ["Over\ntwo lines.", "And\nmore."]),
        ("Version 1.5 costs 3.20 EUR. Buy it.", ["Version 1.5 costs 3.20 EUR.", "Buy it."]),
        ("Use e.g. Postgres, i.e. a database. Good.", None),
        ("Ask Dr. J. R. Smith of St. Gallen. He knows.", None),
        ("See Fig. 3 and Sec. 2 vs. Eq. 4. Done.", None),
        ("The U.S. Army came. It left.", ["The U.S. Army came.", "It left."]),
        ("Open app.py and filters. yes lower case goes on.", None),
        ("Call `a. B` first. Then `c`.", ["Call `a. B` first.", "Then `c`."]),
        ("これは文です。次の文！終わり", ["これは文です。", "次の文！", "終わり"]),  # noqa: RUF001
    ],
)
def test_paragraphs_are_cut_at_their_punctuation(text: str, sentences: list[str] | None) -> None:
    if sentences is None:
        first, dot, last = text.rpartition(". ")
        sentences = [text] if "lower" in text else [first + ".", last]
        assert dot

    assert cut(text) == sentences


def test_markdown_blocks_are_sentences_of_their_own() -> None:
    text = (
        "# Adding a filter\n"
        "A filter is one class. It measures.\n"
        "\n"
        "1. Make `filters/foo.py`.\n"
        "2. Run the tests. Then ship\n"
        "   it.\n"
        "- [ ] an item\n"
        "* another\n"
        "\n"
        "| a | b |\n"
        "|---|---|\n"
        "| 1 | 2 |\n"
        "\n"
        "> A quote. Two.\n"
        "\n"
        "Heading\n"
        "=======\n"
        "***\n"
        "The end\n"
    )

    assert cut(text) == [
        "Adding a filter",
        "A filter is one class.",
        "It measures.",
        "Make `filters/foo.py`.",
        "Run the tests.",
        "Then ship\n   it.",
        "an item",
        "another",
        "| a | b |",
        "| 1 | 2 |",
        "A quote.",
        "Two.",
        "Heading",
        "The end",
    ]


def test_lines_of_code_are_sentences_of_their_own() -> None:
    text = "Write:\n\n```python\nclass A(B):\n    x = 1. # No\n```\nand\n\n    make run\n    make test\n"

    assert cut(text) == [
        "Write:",
        "class A(B):",
        "x = 1. # No",
        "and",
        "make run",
        "make test",
    ]


def test_a_fence_of_the_other_kind_does_not_end_code() -> None:
    assert cut("~~~\n```\nOne. Two.\n~~~\nThree. Four") == ["```", "One. Two.", "Three.", "Four"]


def test_what_never_ends_is_cut_at_a_space() -> None:
    text = "word " * 1_000

    pieces = cut(text)

    assert max(map(len, pieces)) <= MAX_CHARS
    assert " ".join(pieces) == text.strip()


def test_a_word_without_end_is_cut_as_well() -> None:
    pieces = cut("x" * (3 * MAX_CHARS))

    assert max(map(len, pieces)) <= MAX_CHARS
    assert "".join(pieces) == "x" * (3 * MAX_CHARS)


@given(st.text(alphabet=st.sampled_from("aB1 .!?\n`#-*>|~\t=。 \u2028\ud800é"), max_size=200))
def test_ranges_are_ordered_and_lose_nothing_but_marks_and_space(text: str) -> None:
    spans = split_sentences(text)

    end = 0
    for start, stop in spans:
        assert end <= start < stop <= len(text)
        assert text[start:stop].strip() == text[start:stop]
        end = stop
    letters = "aB1é"
    kept = "".join(text[start:stop] for start, stop in spans)
    if "```" not in text and "~~~" not in text and not any(c in text for c in "1-*#|"):
        assert [c for c in kept if c in letters] == [c for c in text if c in letters]


@pytest.mark.parametrize(
    "unit", [".", "`", "a. ", "- ", "x", "\n", "( ", "#", "A.B.", "|:", ".)", "`a", "> ", "1. "]
)
def test_odd_texts_take_linear_time(unit: str) -> None:
    split_sentences(unit * 50_000)  # would not end in a lifetime if quadratic
