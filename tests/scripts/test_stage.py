"""Step 3: staging."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts import stage as step
from scripts.corpus.row import Row, read_rows, write_rows
from scripts.folders import digest
from scripts.stage import PARTS, SHARES, part_of, split, stage

pytestmark = pytest.mark.train


def _rows(count: int, source: str = "davidson") -> list[Row]:
    return [
        Row(group=f"g{at // 3}", source=source, licence="MIT", text=f"text {at}")
        for at in range(count)
    ]


@given(groups=st.lists(st.text(max_size=6), max_size=60))
def test_no_group_is_split_and_no_row_is_lost(groups: list[str]) -> None:
    rows = [Row(group=group, text=str(at)) for at, group in enumerate(groups)]

    parts = split(rows)

    found = {part: {row.group for row in some} for part, some in parts.items()}
    assert sorted(row.text for some in parts.values() for row in some) == sorted(
        map(str, range(len(rows)))
    )
    assert not found["train"] & (found["valid"] | found["test"])
    assert not found["valid"] & found["test"]


def test_the_parts_have_their_shares() -> None:
    parts = [part_of(str(number)) for number in range(20_000)]

    for part, share in SHARES.items():
        assert parts.count(part) / len(parts) == pytest.approx(share, rel=0.15)


def test_a_row_stays_in_its_part_when_others_come_along() -> None:
    few, many = split(_rows(60)), split(_rows(600))

    for part in PARTS:
        assert {row.text for row in few[part]} <= {row.text for row in many[part]}


def test_the_folder_says_where_its_rows_come_from(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, [*_rows(90), *_rows(30, "own")])
    path.with_suffix(".report.json").write_text('{"kept": 120}', encoding="utf-8")

    folder = stage(path, "toxicity", tmp_path / "staged")

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert folder.name == f"toxicity-{digest(path)[:12]}"
    assert manifest["parent"] == {"file": "rows.jsonl", "sha256": digest(path)}
    assert manifest["filters"] == {"kept": 120}
    assert [(s["name"], s["licence"], s["rows"]) for s in manifest["sources"]] == [
        ("davidson", "MIT", 90),
        ("own", "MIT", 30),
    ]
    for part in PARTS:
        file = manifest["files"][f"{part}.jsonl"]
        assert file["sha256"] == digest(folder / f"{part}.jsonl")
        assert file["rows"] == len(list(read_rows(folder / f"{part}.jsonl")))


def test_the_same_rows_give_the_same_folder_and_it_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, _rows(30))
    first = step.main([str(path), "--task", "answer", "--out", str(tmp_path)])
    before = {file.name: file.stat().st_mtime_ns for file in first.iterdir()}

    again = step.main([str(path), "--task", "answer", "--out", str(tmp_path)])

    assert again == first
    assert (tmp_path / "answer").resolve() == first
    assert {file.name: file.stat().st_mtime_ns for file in again.iterdir()} == before
