"""What the benchmark of guards measures, and that nobody is measured who judges wrongly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.benchmarks.asked_process import Absent
from scripts.benchmarks.guards.comparing import Load, Outcome, _in_turns, percentile_ms, report
from scripts.benchmarks.guards.process import Process, System

GUARD = System("words", "tests.word_guard")
RULES = {
    "words": ["evil"],
    "texts": {"rules": ["Harmless."] * 3, "stream": ["Twelve chars"] * 3},
    "bad": {"rules": "This is evil.", "stream": "This is evil."},
}


def write(folder: Path, **changes: Any) -> Path:
    file = folder / "rules.json"
    file.write_text(json.dumps(RULES | changes), encoding="utf-8")
    return file


def test_each_text_has_its_time_and_reading_it_again_is_counted(tmp_path: Path) -> None:
    with Process(GUARD, write(tmp_path)) as guard:
        whole, streamed = guard.judge("rules", 1, 0.05), guard.judge("stream", 4, 0.05)

    assert guard.cases == ("rules", "stream")
    assert guard.ready_s > 0
    assert len(whole.times) > 1
    assert sum(whole.times) <= whole.took_s
    assert (whole.ratio, streamed.ratio) == (1.0, 3.0)


def test_a_guard_that_is_not_installed_is_told(tmp_path: Path) -> None:
    with pytest.raises(Absent, match="some_guard is not installed"):
        Process(GUARD, write(tmp_path, words=["missing"]))
    with pytest.raises(Absent, match="peers install --filters"):
        Process(System("nobody", "tests.word_guard", tmp_path / "no-venv"), write(tmp_path))


@pytest.mark.parametrize(("word", "reason"), [("Harm", "stopped"), ("never", "passed")])
def test_who_judges_wrongly_is_not_measured(tmp_path: Path, word: str, reason: str) -> None:
    outcome = Outcome()
    with Process(GUARD, write(tmp_path, words=[word])) as guard:
        rows = _in_turns([guard], Load("rules", 1), 2, 0.01, outcome)

    assert rows == []
    assert reason in outcome.absent["words: rules"]


def test_the_rows_are_written(tmp_path: Path) -> None:
    outcome = Outcome()
    with Process(GUARD, write(tmp_path)) as guard:
        outcome.rows += _in_turns([guard], Load("rules", 2), 2, 0.02, outcome)
    report(outcome, tmp_path / "rows.json")

    (row,) = json.loads((tmp_path / "rows.json").read_text())
    assert (row["system"], row["case"], row["clients"]) == ("words", "rules", 2)
    assert row["rps"] > 0
    assert 0 <= row["p50_ms"] <= row["p99_ms"]
    assert row["chars_scanned_ratio"] == 1.0


def test_percentiles_are_times_that_were_measured() -> None:
    assert percentile_ms([0.003, 0.001, 0.002], 50) == 2.0
    assert percentile_ms([0.001] * 99 + [0.5], 99) == 500.0
