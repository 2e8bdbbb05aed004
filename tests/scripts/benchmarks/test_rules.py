"""Rule filters are measured on every kind of text, and one that is too slow is told."""

from __future__ import annotations

import pytest

from app.chain.registry import filter_names
from scripts.benchmarks import keyword, rules
from scripts.benchmarks.rules import Timed, texts


def test_texts_have_their_length_and_differ() -> None:
    made = dict(texts(1_000))

    assert {len(text) for text in made.values()} == {1_000}
    assert len(set(made.values())) == len(made)


def test_each_text_is_timed() -> None:
    timed = rules.measure(("regex",))

    assert [one.text for one in timed] == [kind for kind, _ in texts(10)]
    assert all(ms > 0 for one in timed for ms in one.ms_per_1000)


def test_the_filters_that_are_measured_are_there() -> None:
    assert set(rules.OPTIONS) <= set(filter_names())


def test_time_that_grows_with_the_square_is_too_slow() -> None:
    linear = Timed(filter="x", text="a", ms_per_1000=(1.0, 1.0, 1.2), on_loop_ms=5.0)

    assert not linear.is_too_slow
    assert linear.model_copy(update={"ms_per_1000": (1.0, 4.0, 16.0)}).is_too_slow
    assert linear.model_copy(update={"on_loop_ms": 30.0}).is_too_slow


def test_long_lists_are_searched_at_some_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyword, "ROUNDS", 1)
    monkeypatch.setattr(keyword, "PIECES", 2)

    searched = keyword.measure(1_000)

    assert [one.list for one in searched] == list(keyword.PHRASES)
    assert all(one.normalised_mb_s > 0 and one.worst_ms > 0 for one in searched)
