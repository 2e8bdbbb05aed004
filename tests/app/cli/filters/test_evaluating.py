"""Filters are measured on a file of labelled texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.cli.filters.conftest import Bring
from tests.app.cli.filters.test_trying import BROKEN
from tests.commands import penstock, succeed

PICKY = """
from filters import Filter


class Picky(Filter):
    async def check(self, item):
        if item.text.startswith("bad"):
            raise RuntimeError("no")
        return None
"""

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
    [found] = measured(rows, "--id", "blocklist")

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
    found = measured(rows)

    assert [one["id"] for one in found] == ["blocklist", "names"]


def test_a_target_gives_a_threshold(rows: str) -> None:
    [found] = measured(rows, "--id", "blocklist", "--target-far", "0.2")

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
    [found] = measured(rows, "--id", "keyword", "-o", 'words=["bomb", "gun"]')

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


def test_all_filters_of_a_stage_are_counted_together(rows: str, empty_folder: Path) -> None:
    second = (
        '[[chain]]\nid = "more"\nfilter = "keyword"\nstage = "input"\noptions.words = ["gun"]\n'
    )
    with (empty_folder / "penstock.toml").open("a", encoding="utf-8") as chain:
        chain.write(second)
    [stage] = json.loads(succeed("filters", "eval", rows, "--json"))["together"]

    assert (stage["stage"], stage["ids"]) == ("input", ["blocklist", "more"])
    assert (stage["found"]["caught"], stage["found"]["alarms"]) == (2, 1)
    assert (stage["blocked"]["caught"], stage["blocked"]["alarms"]) == (1, 1)
    groups = {group["name"]: group for group in stage["groups"]}
    assert groups["weapons"]["recall"] == 1.0
    result = penstock("filters", "eval", rows)
    assert "stage input: what any of blocklist, more hits" in result.stdout


def test_several_texts_at_once_give_the_same_figures(rows: str) -> None:
    alone, beside = (measured(rows, "--id", "blocklist", "--jobs", jobs)[0] for jobs in ("1", "8"))

    assert beside["latency_ms"].pop("at_once") == 8
    timed = ("latency_ms", "texts_per_s")
    assert {k: v for k, v in alone.items() if k not in timed} == {
        k: v for k, v in beside.items() if k not in timed
    }


def test_a_filter_that_breaks_often_is_still_asked(empty_folder: Path, bring: Bring) -> None:
    bring("picky", PICKY)
    file = empty_folder / "rows.jsonl"
    texts = [*(f"bad {n}" for n in range(30)), *(f"good {n}" for n in range(30))]
    lines = (json.dumps({"text": text, "bad": False}) for text in texts)
    file.write_text("\n".join(lines), encoding="utf-8")
    [found] = measured(str(file), "--id", "picky")

    assert found["errors"] == {"raised": 30}
    assert found["at_threshold"]["harmless"] == 30


def test_a_calibrated_instance_is_measured_so(rows: str, empty_folder: Path) -> None:
    chain = (empty_folder / "penstock.toml").read_text(encoding="utf-8")
    curve = 'id = "blocklist"\ncalibration = { slope = 0.1, bias = -3 }'
    (empty_folder / "penstock.toml").write_text(chain.replace('id = "blocklist"', curve))
    [found] = measured(rows, "--id", "blocklist")

    assert found["at_threshold"]["caught"] == 0  # 0.165 is below 0.5
    assert found["reliability"][1]["count"] == 2


def test_a_page_that_cannot_be_written_is_told_before_the_measuring(
    rows: str, empty_folder: Path
) -> None:
    (empty_folder / "taken").mkdir()
    result = penstock("filters", "eval", rows, "--html", str(empty_folder / "taken"))

    assert result.exit_code == 1
    assert "cannot be written" in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_texts_of_one_kind_are_told(rows: str, empty_folder: Path) -> None:
    file = empty_folder / "one.jsonl"
    file.write_text(json.dumps({"text": "bomb", "bad": True}), encoding="utf-8")
    result = penstock("filters", "eval", str(file), "--id", "blocklist")

    assert result.exit_code == 0
    assert "all of one kind" in " ".join(result.stderr.split())


def measured(rows: str, *options: str) -> list[dict[str, Any]]:
    found = json.loads(succeed("filters", "eval", rows, "--json", *options))
    return list(found["filters"])
