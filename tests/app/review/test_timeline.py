"""Bars fill the whole width, whatever the clock said."""

from __future__ import annotations

import pytest

from app.review.timeline import timeline


def test_bars_stand_one_after_the_other() -> None:
    bars = timeline({"input_filters": 10.0, "model": 60.0, "output_filters": 20.0, "total": 100.0})

    assert [(b.name, b.start, b.width) for b in bars] == [
        ("input_filters", 0.0, 10.0),
        ("model", 10.0, 60.0),
        ("output_filters", 70.0, 20.0),
        ("other", 90.0, 10.0),
    ]


def test_a_blocked_prompt_has_no_model_bar() -> None:
    assert [b.name for b in timeline({"input_filters": 5.0, "total": 6.0})] == [
        "input_filters",
        "other",
    ]


def test_stages_longer_than_the_total_still_fit() -> None:
    bars = timeline({"model": 60.0, "total": 50.0})

    assert sum(bar.width for bar in bars) == pytest.approx(100.0)


def test_nothing_measured_shows_nothing() -> None:
    assert timeline({}) == []
