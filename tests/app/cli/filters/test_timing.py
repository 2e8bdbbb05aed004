"""The times of a filter, for each length of text."""

from __future__ import annotations

import json

import pytest

from tests.app.cli.filters.conftest import Bring
from tests.app.cli.filters.test_trying import BROKEN
from tests.commands import penstock, succeed

pytestmark = pytest.mark.usefixtures("_chain")


def test_each_length_is_timed() -> None:
    lengths = ("--chars", "50", "--chars", "2000", "--seconds", "0.1")
    found = json.loads(succeed("filters", "bench", "blocklist", *lengths, "--json"))

    assert (found["id"], found["filter"]) == ("blocklist", "keyword")
    assert [one["chars"] for one in found["timings"]] == [50, 2000]
    for timing in found["timings"]:
        assert timing["runs"] >= 5
        assert 0 < timing["p50_ms"] <= timing["p99_ms"]
        assert timing["chars_per_s"] > 0
        assert timing["errors"] == 0


def test_people_get_a_table() -> None:
    shown = succeed("filters", "bench", "blocklist", "--chars", "1000", "--seconds", "0.1")

    assert "characters/s" in shown
    assert "1,000" in shown


def test_runs_without_a_score_are_counted(bring: Bring) -> None:
    bring("broken", BROKEN)
    options = ("--chars", "10", "--seconds", "0.1", "--json")
    [timing] = json.loads(succeed("filters", "bench", "broken", *options))["timings"]

    assert timing["errors"] == timing["runs"]


def test_nothing_is_no_text() -> None:
    assert penstock("filters", "bench", "blocklist", "--chars", "0").exit_code == 2
