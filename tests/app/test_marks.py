"""Texts are cut where findings begin and end, and nothing in them stays unseen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.marks import Mark, segments

TEXT = st.text(alphabet=st.sampled_from(list("ab \n<\u200b\u202e\x00é👩")), max_size=60)
MARKS = st.lists(
    st.builds(
        lambda start, length, kind: Mark(start, start + length, kind, kind),
        st.integers(0, 60),
        st.integers(1, 20),
        st.sampled_from(["block", "flag"]),
    ),
    max_size=6,
)


@given(text=TEXT, marks=MARKS)
def test_the_seen_text_is_all_there_in_order(text: str, marks: list[Mark]) -> None:
    seen = "".join(part.text for part in segments(text, marks) if not part.is_sign)

    assert seen == "".join(char for char in text if char not in "\u200b\u202e\x00")


def test_marks_may_overlap() -> None:
    parts = segments("abcdef", [Mark(0, 4, "flag", "x"), Mark(2, 6, "block", "y")])

    assert [(p.text, p.kinds, p.title) for p in parts] == [
        ("ab", "flag", "x"),
        ("cd", "flag block", "x; y"),
        ("ef", "block", "y"),
    ]


def test_unseen_characters_become_named_signs() -> None:
    parts = segments("a\u202eb\ud800", ())

    assert [p.text for p in parts] == ["a", "U+202E RIGHT-TO-LEFT OVERRIDE", "b", "U+D800"]
    assert [p.is_sign for p in parts] == [False, True, False, True]


def test_marks_outside_the_text_are_left_out() -> None:
    assert [p.text for p in segments("abc", [Mark(2, 9, "block", "x")])] == ["abc"]
