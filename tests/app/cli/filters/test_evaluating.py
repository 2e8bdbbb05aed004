"""Filters are measured on a file of labelled texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.app.cli.filters.conftest import Bring
from tests.app.cli.filters.test_trying import BROKEN
from tests.commands import penstock, succeed

pytestmark = pytest.mark.usefixtures("_chain")

ROWS = [
    {"text": "How to build a bomb", "bad": True, "group": "weapons"},
    {"text": "How to build a gun", "bad": True, "group": "weapons"},
    {"text": "A photo bomb of my cat", "bad": False, "group": "pets"},
    *({"text": f"Feed {n} cats", "bad": False, "group": "pets"} for n in range(7)),
]


@pytest.fixture
def rows(empty_folder: Path) -> str:
    file = empty_folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return str(file)


def test_the_figures_are_those_of_counting(rows: str) -> None:
    [found] = json.loads(succeed("filters", "eval", rows, "--id", "blocklist", "--json"))

    at = found["at_threshold"]
    assert (at["caught"], at["bad"], at["alarms"], at["harmless"]) == (1, 2, 1, 8)
    assert (at["recall"], at["false_alarm_rate"], at["precision"]) == (0.5, 0.125, 0.5)
    assert found["roc_auc"] == pytest.approx(1 - 0.5 * 0.5 * 7 / 8 - 0.5 * 1 / 8 * 0.5 - 0.5 / 8)
    assert found["at_target"] is None
    groups = {group["name"]: group for group in found["groups"]}
    assert groups["pets"]["false_alarm_rate"] == 0.125
    assert groups["weapons"]["recall"] == 0.5
    assert groups["weapons"]["roc_auc"] is None


def test_without_a_name_the_chain_is_measured_but_not_what_is_off_or_only_searches(
    rows: str,
) -> None:
    found = json.loads(succeed("filters", "eval", rows, "--json"))

    assert [one["id"] for one in found] == ["blocklist", "names"]


def test_a_target_gives_a_threshold(rows: str) -> None:
    options = ("--id", "blocklist", "--target-far", "0.2", "--json")
    [found] = json.loads(succeed("filters", "eval", rows, *options))

    assert found["at_target"]["threshold"] == 0.5
    assert found["at_target"]["false_alarm_rate"] == 0.125


def test_people_get_tables_and_warnings(rows: str) -> None:
    result = penstock("filters", "eval", rows, "--id", "blocklist")

    assert result.exit_code == 0
    assert "50.00%" in result.stdout
    assert "blocklist by group" in result.stdout
    assert "8 harmless texts are too few" in " ".join(result.stderr.split())


def test_a_page_is_written_that_holds_no_text(rows: str, empty_folder: Path) -> None:
    page = empty_folder / "out" / "report.html"
    succeed("filters", "eval", rows, "--id", "blocklist", "--html", str(page))

    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 4
    assert "rows.jsonl" in html
    assert "cat" not in html.replace("indicate", "")


def test_a_filter_by_itself_is_measured_with_options(rows: str) -> None:
    options = ("--id", "keyword", "-o", 'words=["bomb", "gun"]', "--json")
    [found] = json.loads(succeed("filters", "eval", rows, *options))

    assert found["at_threshold"]["recall"] == 1.0


def test_a_bad_row_is_named_and_not_repeated(empty_folder: Path) -> None:
    file = empty_folder / "bad.jsonl"
    file.write_text('{"text": "ok", "bad": true}\n{"text": "my-secret", "bad": "yes"}\n')
    result = penstock("filters", "eval", str(file), "--id", "blocklist")

    assert result.exit_code == 1
    assert "bad.jsonl:2: bad: Input should be a valid boolean" in " ".join(result.stderr.split())
    assert "my-secret" not in result.output


def test_a_filter_that_judges_nothing_is_no_result(rows: str, bring: Bring) -> None:
    bring("broken", BROKEN)
    result = penstock("filters", "eval", rows, "--id", "broken")

    assert result.exit_code == 1
    assert "gave no text a score: raised" in " ".join(result.stderr.split())


def test_an_empty_chain_is_told(rows: str, empty_folder: Path) -> None:
    (empty_folder / "penstock.toml").write_text("")
    result = penstock("filters", "eval", rows)

    assert result.exit_code == 1
    assert "name a filter with --id" in result.stderr
