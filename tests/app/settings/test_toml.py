import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings.toml import comment, key, masked_url, scalar
from filters import Stage

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=10,
)


@given(texts, values)
def test_any_value_is_read_back(name: str, value: Any) -> None:
    assert tomllib.loads(f"{key(name)} = {scalar(value)}") == {name: value}


def test_what_toml_does_not_know_is_written_as_text() -> None:
    assert scalar(Stage.INPUT) == '"input"'
    assert scalar(Path("a/b")) == '"a/b"'
    assert scalar(frozenset({"b", "a"})) == '["a", "b"]'
    assert scalar(None) == ""
    assert list(comment("one\ntwo")) == ["# one", "# two"]


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://me:hush@h:5432/d", "postgresql://me:***@h:5432/d"),
        ("postgresql://me@h/d", "postgresql://me@h/d"),
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgresql://me:hush@[::1]:1/d", "postgresql://me:***@[::1]:1/d"),
        ("postgresql://me:p@hush@h/d", "postgresql://me:***@h/d"),
        ("postgresql:///d?user=me&password=hush&x=1", "postgresql:///d?user=me&password=***&x=1"),
        ("postgresql://h/d?sslpassword=hush", "postgresql://h/d?sslpassword=***"),
        ("postgresql://me:hu/sh@h/d", "***"),
        ("postgresql://me:hu#sh@h/d", "***"),
        ("postgresql://me:hu?sh@h/d", "***"),
        ("postgresql://me:hush@[h/d", "***"),
        ("me:hush", "***"),
    ],
)
def test_a_password_never_shows(url: str, masked: str) -> None:
    assert masked_url(url) == masked
