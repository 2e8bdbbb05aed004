"""How a text is put before a model."""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters._text.model_text import readings


@pytest.mark.parametrize(
    "text",
    [
        "Hello, how are you? It costs $5 in 2024!",
        "covid19, mp3, 2nd and 10am",
        "write to bob@example.com or @alice, see https://x.example/a1b2c3",
        "Schöne Grüße, ça va? Ты где?",
        "so good, all too well",
    ],
)
def test_ordinary_text_is_read_once_and_as_it_is(text: str) -> None:
    assert readings(text) == [text]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("k1ll y0urself", "kill yourself"),
        ("you 1d1ot", "you idiot"),
        ("f u c k you", "fuck you"),
        ("fuuuuck", "fuck"),
        ("уоu аrе ѕtuріd", "you are stupid"),
        ("a$$hole", "asshole"),
        ("𝓲𝓭𝓲𝓸𝓽", "idiot"),
        ("ki\u200bll hi\u0336m n\u03330w", "kill him now"),
    ],
)
def test_disguised_text_is_read_also_as_it_is_meant(text: str, meant: str) -> None:
    assert meant in readings(text)
    assert 2 <= len(readings(text)) <= 3


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("I ❤️ you", "I  heart  you"),
        ("👩\u200d👧", " woman  girl "),
        ("🖕🏿", " reversed hand with middle finger extended "),
        ("🙂🙂🙂!", " slightly smiling face !"),
        ("ok\U000e0068\U000e0069", "okhi"),
        ("so\u00adft\x00", "soft"),
    ],
)
def test_pictures_become_words_and_the_invisible_goes(text: str, seen: str) -> None:
    assert readings(text)[0] == seen


@settings(deadline=None)  # the first emoji loads their names
@given(text=st.text(st.characters(codec=None)))
def test_any_text_can_be_read(text: str) -> None:
    for reading in readings(text):
        assert reading.strip()
        reading.encode()
