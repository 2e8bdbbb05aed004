"""Bad lines are named by their number, and never repeated."""

from __future__ import annotations

import json
import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from app.errors import InvalidRequest
from app.evaluation import labelled
from app.evaluation.labelled import Labelled, open_labelled

SECRET = "my-secret-text"  # noqa: S105 - a text that no message may hold
GOOD = b'{"text": "a", "bad": false}\n'


def test_rows_are_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(
        GOOD + b'\n{"text": "b", "bad": true, "question": "q", "passages": ["p"], "group": "g"}'
    )

    assert read(file) == [
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
        (f'{{"text": "{SECRET}", "bad": NaN}}', "bad: Input should be a valid boolean"),
        (f'{{"text": "{SECRET}", "bad": {"1" * 5_000}}}', "a number that is too long"),
    ],
)
def test_a_bad_line_is_named_and_not_repeated(tmp_path: Path, line: str, reason: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(GOOD + line.encode() + b"\n")

    with pytest.raises(InvalidRequest) as caught:
        read(file)
    assert caught.value.message.startswith(f"{file}:2: ")
    assert reason in caught.value.message
    assert SECRET not in caught.value.message
    assert caught.value.__context__ is None


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'{"text": "\xff", "bad": true}')

    with pytest.raises(InvalidRequest, match=r":1: it is not UTF-8"):
        read(file)


def test_an_absent_or_empty_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read(tmp_path / "absent.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InvalidRequest, match="holds no rows"):
        read(tmp_path / "empty.jsonl")


def test_lines_and_rows_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(GOOD * 3)

    monkeypatch.setattr(labelled, "LONGEST_LINE", 10)
    with pytest.raises(InvalidRequest, match="longer than 10 bytes"):
        read(file)
    monkeypatch.undo()
    monkeypatch.setattr(labelled, "MOST_ROWS", 2)
    with pytest.raises(InvalidRequest, match="more than 2 lines"):
        read(file)


def test_groups_are_bounded(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    rows = ({"text": "a", "bad": True, "group": str(n)} for n in range(labelled.MOST_GROUPS + 1))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    with pytest.raises(InvalidRequest, match="more than 100 groups"):
        read(file)


def test_a_file_is_read_again_and_never_held(tmp_path: Path) -> None:
    file, text = tmp_path / "rows.jsonl", "x" * 100_000
    file.write_text(f'{{"text": "{text}", "bad": false}}\n' * 200)

    tracemalloc.start()
    try:
        with open_labelled(file) as texts:
            seen = [sum(len(row.text) for row in texts) for _ in range(2)]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert texts.count == 200
    assert seen == [20_000_000, 20_000_000]
    assert most < 3_000_000


def test_a_pipe_is_read_twice_too(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(GOOD * 3,))
    writer.start()

    with open_labelled(pipe) as texts:
        assert texts.count == len(list(texts)) == len(list(texts)) == 3
    writer.join()


def read(file: Path) -> list[Labelled]:
    with open_labelled(file) as texts:
        return list(texts)
