"""The page stands alone, shows every figure, and repeats no text."""

from __future__ import annotations

import json
import math
from html.parser import HTMLParser
from typing import Any

import pytest

from app.evaluation.evaluation import Evaluation, evaluate
from app.evaluation.judged import Scored
from app.evaluation.report import to_html, to_values
from app.settings import ChainEntry
from filters import Stage
from tests.app.evaluation.rows import judged_rows

HOSTILE = "</style><script>alert(1)</script>"


class Tags(HTMLParser):
    """Counts tags, and notes everything that would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]


def sample(rows: list[Scored], target: float = 0.01, at_once: int = 1) -> Evaluation:
    entry = ChainEntry(id="tested", filter="sample", stage=Stage.INPUT)
    judged = judged_rows(rows, at_once, wall_s=0.5)
    return evaluate(judged, entry, version="1", target_rate=target)


ROWS = [
    *(Scored(True, "mail", 0.6 + n / 100, 1.0 + n) for n in range(20)),
    *(Scored(False, HOSTILE, n / 40, 2.0) for n in range(30)),
    Scored(True, "mail", 0.0, 0.0, "timeout"),
]


def test_the_page_loads_and_runs_nothing() -> None:
    page = Tags()
    html = to_html([sample(ROWS)], HOSTILE, "today")
    page.feed(html)

    assert "script" not in page.names
    assert page.loads == []
    assert "default-src 'none'" in html
    assert page.names.count("svg") == 4


def test_every_figure_is_on_the_page_and_among_the_values() -> None:
    found = sample(ROWS, target=0.1)
    html, values = to_html([found], "rows.jsonl", "today"), values_of(found)

    for figure in (values["roc_auc"], values["average_precision"], values["calibration_error"]):
        assert f"{figure:.3f}" in html
    assert values["errors"] == {"timeout": 1}
    assert "1 texts have no score: timeout" in html
    assert values["at_threshold"]["alarms"] == 10
    assert values["at_target"]["false_alarm_rate"] == pytest.approx(0.1)
    assert values["latency_ms"]["p50"] == 2.0
    assert {group["name"] for group in values["groups"]} == {"mail", HOSTILE}
    json.dumps(values, allow_nan=False)


def test_what_cannot_be_known_is_left_open() -> None:
    only_bad = sample([Scored(True, "", 0.7, 1.0)])
    values = values_of(only_bad)

    assert math.isnan(only_bad.auc)
    assert (values["roc_auc"], values["at_target"]) == (None, None)
    assert values["at_threshold"]["false_alarm_rate"] is None
    assert "No threshold keeps the false alarms so low." in to_html([only_bad], "a", "b")


def test_too_few_harmless_texts_for_the_target_are_told() -> None:
    assert "cannot be told from none" in to_html([sample(ROWS, target=0.001)], "a", "b")
    assert "cannot be told from none" not in to_html([sample(ROWS, target=0.1)], "a", "b")


def test_a_score_of_nothing_is_never_hit() -> None:
    judged = judged_rows([Scored(True, "", 0.0, 1.0), Scored(False, "", 0.0, 1.0)])
    entry = ChainEntry(id="a", filter="b", stage=Stage.INPUT, threshold=0.0)
    found = evaluate(judged, entry, version="1", target_rate=0.5)

    assert (found.now.caught, found.now.alarms) == (0, 0)
    assert "No text scored anything" in to_html([found], "a", "b")


def test_it_is_told_how_the_time_was_measured() -> None:
    one, many = sample(ROWS), sample(ROWS, at_once=8)

    assert "Timed with one text at a time." in to_html([one], "a", "b")
    assert "Timed with 8 texts at once" in to_html([many], "a", "b")
    assert values_of(many)["latency_ms"]["at_once"] == 8
    assert values_of(many)["texts_per_s"] == len(ROWS) / 0.5


def test_the_line_that_calibrates_is_on_the_page_and_among_the_values() -> None:
    rows = [
        Scored(n % 10 < bad, "", score, 1.0)
        for score, bad in ((0.6, 1), (0.9, 4))
        for n in range(200)
    ]
    found = sample(rows)
    html, values = to_html([found], "a", "b"), values_of(found)["calibrated"]

    curve = values["calibration"]
    line = f"calibration = {{ slope = {curve['slope']}, bias = {curve['bias']} }}"
    assert line in html
    assert values["calibration_error"] < 0.05 < values_of(found)["calibration_error"]
    assert "calibration =" not in to_html([sample(ROWS)], "a", "b")


def test_many_texts_make_a_small_page() -> None:
    rows = [Scored(n % 2 == 0, "", n / 20_000, 1.0) for n in range(20_000)]

    assert len(to_html([sample(rows)], "a", "b")) < 120_000


def values_of(found: Evaluation) -> dict[str, Any]:
    [values] = to_values([found])["filters"]
    return dict(values)
