"""Rows and their files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.corpus.row import BadRows, Row, read_rows, write_rows

ROWS = st.builds(
    Row,
    source=st.text(max_size=5),
    group=st.text(max_size=5),
    text=st.text(st.characters(exclude_categories=["Cs"])),
    pair=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    labels=st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from([0.0, 0.5, 1.0])),
    loose=st.booleans(),
)


@given(rows=st.lists(ROWS, max_size=4))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"

    assert write_rows(path, rows) == len(rows)
    assert list(read_rows(path)) == rows


@pytest.mark.parametrize(
    "line", ["{", '{"group": "g"}', '{"group": "g", "text": "t", "score": 1}', "[]"]
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"group": "g", "text": "fine"}\n' + line + "\n", encoding="utf-8")

    with pytest.raises(BadRows, match=r"rows\.jsonl, line 2"):
        list(read_rows(path))


def test_case_and_punctuation_make_no_other_row_and_pictures_do() -> None:
    one, same, other = (
        Row(group="g", text=text)
        for text in ("Get lost, you!", "get lost you", "Get lost you \N{RAT}")
    )

    assert one.digest == same.digest
    assert one.digest != other.digest
