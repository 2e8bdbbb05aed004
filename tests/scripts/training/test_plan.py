"""Plans and budgets."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.training.plan import Plan, read_plan, seconds


@pytest.mark.parametrize(("text", "value"), [("90s", 90), ("25m", 1_500), ("1.5h", 5_400)])
def test_budgets_are_read(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "25", "m", "-1m", "1d", "1m30s"])
def test_other_budgets_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = Plan("toxicity", "a" * 64, "b" * 64, steps=100, seed=7)

    plan.write(tmp_path / "run")

    assert read_plan(tmp_path / "run") == plan
    assert read_plan(tmp_path) is None


def test_the_rate_rises_and_falls_to_nearly_nothing() -> None:
    plan = Plan("toxicity", "", "", steps=100, learning_rate=1.0)
    rates = [plan.rate(step) for step in range(100)]

    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert max(rates) == 1.0
    assert 0 < rates[-1] < 0.02
