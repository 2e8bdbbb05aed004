"""Step 2: cleaning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts import clean as step
from scripts.clean import clean
from scripts.corpus.row import Row, read_rows, write_rows

pytestmark = pytest.mark.train
SENTENCE = "The gate holds back the water of the lake, as it has for ninety years and more."
WORDS = st.sampled_from(
    ["gate", "water", "lake", "stone", "mason", "flood", "village", "night", "cat", "bird"]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)


def _row(text: str, group: str = "g", **labels: float) -> Row:
    return Row(group=group, text=text, labels=labels)


@settings(max_examples=40)
@given(texts=st.lists(TEXTS, max_size=12))
def test_cleaning_again_changes_nothing(texts: list[str]) -> None:
    once, _ = clean(_row(text) for text in texts)
    twice, dropped = clean(once)

    assert twice == once
    assert not dropped
    assert len({row.digest for row in once}) == len(once)


@settings(max_examples=40)
@given(texts=st.lists(TEXTS, max_size=12))
def test_every_row_is_kept_or_counted(texts: list[str]) -> None:
    kept, dropped = clean(_row(text) for text in texts)

    assert len(kept) + dropped.total() == len(texts)


def test_the_first_of_equal_rows_stays() -> None:
    rows = [_row(SENTENCE, "first", toxicity=0), _row(SENTENCE.upper(), "second", toxicity=0)]

    kept, dropped = clean(rows)

    assert [row.group for row in kept] == ["first"]
    assert dropped == {"duplicate": 1}


def test_a_text_with_two_opinions_keeps_the_first_and_says_so() -> None:
    _, dropped = clean([_row(SENTENCE, toxicity=0), _row(SENTENCE, toxicity=1)])

    assert dropped == {"duplicate with another label": 1}


def test_near_twins_with_different_labels_stay_both() -> None:
    twin = SENTENCE.replace("more", "less")

    kept, _ = clean([_row(SENTENCE, toxicity=0), _row(twin, toxicity=1)])
    near, dropped = clean([_row(SENTENCE, toxicity=0), _row(twin, toxicity=0)])

    assert len(kept) == 2
    assert len(near) == 1
    assert dropped == {"near duplicate": 1}


@pytest.mark.parametrize("text", [SENTENCE, SENTENCE.lower(), SENTENCE.replace("more", "longer")])
def test_what_is_near_a_held_out_row_is_never_learnt_from(text: str) -> None:
    kept, dropped = clean([_row(text, toxicity=1), _row("Cats hunt.")], [_row(SENTENCE)])

    assert [row.text for row in kept] == ["Cats hunt."]
    assert dropped == {"near a held-out row": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [("a", "too short"), ("long " * 2_000, "too long"), ("Это другой язык", "another script")],
)
def test_rows_out_of_bounds_are_dropped(text: str, reason: str) -> None:
    kept, dropped = clean([_row(text)])

    assert not kept
    assert dropped == {reason: 1}


def test_the_command_writes_rows_and_a_report(tmp_path: Path) -> None:
    rows, held_out = tmp_path / "rows.jsonl", tmp_path / "golden.jsonl"
    write_rows(rows, [_row(SENTENCE), _row(SENTENCE), _row("Cats hunt at night."), _row("x")])
    write_rows(held_out, [_row("Cats hunt at night!")])

    step.main([str(rows), "--out", str(tmp_path / "clean.jsonl"), "--held-out", str(held_out)])

    assert [row.text for row in read_rows(tmp_path / "clean.jsonl")] == [SENTENCE]
    report = json.loads((tmp_path / "clean.report.json").read_text(encoding="utf-8"))
    assert report == {
        "kept": 1,
        "dropped": {"duplicate": 1, "near a held-out row": 1, "too short": 1},
    }
