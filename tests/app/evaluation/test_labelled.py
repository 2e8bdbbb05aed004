"""Bad lines are named by their number, and never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import InvalidRequest
from app.evaluation import labelled
from app.evaluation.labelled import Labelled, read_labelled

SECRET = "my-secret-text"  # noqa: S105 - a text that no message may hold
GOOD = b'{"text": "a", "bad": false}\n'


def test_rows_are_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(
        GOOD + b'\n{"text": "b", "bad": true, "question": "q", "passages": ["p"], "group": "g"}'
    )

    assert read_labelled(file) == [
        Labelled(text="a", bad=False),
        Labelled(text="b", bad=True, question="q", passages=("p",), group="g"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f'{{"text": "{SECRET}", "bad": 1}}', "bad: Input should be a valid boolean"),
        (f'{{"text": "{SECRET}"}}', "bad: Field required"),
        (f'{{"text": ["{SECRET}"], "bad": true}}', "text: Input should be a valid string"),
        ('{"text": "", "bad": true}', "text: String should have at least 1 character"),
        (f'{{"text": "a", "bad": true, "{SECRET}": 1}}', "a key that is none of text, bad"),
        (f'{{"text": "{SECRET}', "not JSON"),
        (f'["{SECRET}"]', "not a JSON object"),
        (f'{{"text": "a", "bad": true, "passages": [["{SECRET}"]]}}', "passages.0: "),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_line_is_named_and_not_repeated(tmp_path: Path, line: str, reason: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(GOOD + line.encode() + b"\n")

    with pytest.raises(InvalidRequest) as caught:
        read_labelled(file)
    assert caught.value.message.startswith(f"{file}:2: ")
    assert reason in caught.value.message
    assert SECRET not in caught.value.message
    assert caught.value.__context__ is None


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'{"text": "\xff", "bad": true}')

    with pytest.raises(InvalidRequest, match=r":1: it is not UTF-8"):
        read_labelled(file)


def test_an_absent_or_empty_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_labelled(tmp_path / "absent.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InvalidRequest, match="holds no rows"):
        read_labelled(tmp_path / "empty.jsonl")


def test_lines_and_rows_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(GOOD * 3)

    monkeypatch.setattr(labelled, "LONGEST_LINE", 10)
    with pytest.raises(InvalidRequest, match="longer than 10 bytes"):
        read_labelled(file)
    monkeypatch.undo()
    monkeypatch.setattr(labelled, "MOST_ROWS", 2)
    with pytest.raises(InvalidRequest, match="more than 2 lines"):
        read_labelled(file)
