from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from scripts.benchmarks import random_models
from scripts.benchmarks.engines.comparing import Wishes, report
from scripts.benchmarks.engines.contenders import CONTENDERS, OWN, Contender
from scripts.benchmarks.engines.measuring import Load, Outcome, Plan, Row, measure, row_of
from scripts.benchmarks.engines.models import Models
from scripts.benchmarks.engines.process import Absent, Written
from scripts.benchmarks.engines.prompts import Prompts
from scripts.benchmarks.random_models import Shape

pytestmark = pytest.mark.train

TINY = Shape("qwen2", 600, 64, 2, heads=2, kv_heads=1, intermediate=96)
LOAD = Load("tiny", 40, 6, 3)
FIELDS = [
    "engine",
    "precision",
    "weight_bits",
    "model",
    "prompt_tokens",
    "new_tokens",
    "concurrency",
    "tokens_per_s",
    "ttft_ms",
    "itl_p50_ms",
    "itl_p99_ms",
    "peak_rss_mb",
    "limit_share",
]
OWN_FP32 = next(one for one in CONTENDERS if one.name == f"{OWN} fp32")
OTHER = Contender("somebody", "Q9", 9, 9, 2, "gguf", "nowhere")


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(random_models.SHAPES, "tiny", TINY)


def test_the_figures_of_one_load() -> None:
    written = Written(times=[[0.1, 0.2, 0.3], [0.3, 0.4, 0.5]], peak_rss_mb=12.34)
    row = row_of(OWN_FP32, Load("tiny", 10, 3, 2), written, bandwidth=1e9)

    layer = 64 * (64 + 2 * 32 + 64 + 3 * 96)
    weights, cache = (2 * layer + 600 * 64) * 4, 2 * 11.5 * 2 * 2 * 32 * 4
    assert row.tokens_per_s == 12.0
    assert row.ttft_ms == 200.0
    assert (row.itl_p50_ms, row.itl_p99_ms) == (100.0, 100.0)
    assert row.limit_share == round((weights + cache) / 1e9 / 0.1, 3)


def plan(models: Models, *, minutes: float = 5.0) -> Plan:
    def model_of(contender: Contender, model: str) -> Path:
        if not contender.is_own:
            raise Absent("not installed")
        return models.path(contender, model)

    return Plan(
        loads=[LOAD],
        contenders=[OWN_FP32, OTHER],
        rounds=2,
        threads=1,
        spin_us=None,
        ends_at=time.monotonic() + minutes * 60,
        patience_s=60.0,
        model_of=model_of,
        prompts_of=models.prompts,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("bench")
    random_models.write(TINY, _made(path / "checkpoints" / "tiny"))
    return path


@pytest.mark.slow
def test_our_engine_is_measured_and_who_is_absent_is_named(folder: Path, tmp_path: Path) -> None:
    models, told = Models(folder, lambda _: None), list[str]()
    outcome = measure(plan(models), told.append)
    report(outcome, Wishes(), tmp_path / "rows.json", tmp_path / "picture.svg")

    rows = json.loads((tmp_path / "rows.json").read_text())
    assert outcome.absent == {"somebody Q9 (tiny)": "not installed"}
    assert outcome.is_complete
    assert len(outcome.bandwidths) == 2
    assert [list(row) for row in rows] == [FIELDS, FIELDS]
    assert all(row["engine"] == OWN and row["weight_bits"] == 32 for row in rows)
    assert all(row["tokens_per_s"] > 0 and row["peak_rss_mb"] > 10 for row in rows)
    assert (tmp_path / "picture.svg").read_text().startswith("<?xml")
    assert "| tiny, 40 + 6, 3 | penstock fp32 |" in (tmp_path / "picture.md").read_text()
    assert any("round 2 of 2" in line for line in told)
    _prompts_have_their_length(models.prompts("tiny"))


def _prompts_have_their_length(prompts: Prompts) -> None:
    first, second = prompts.make(1, 200, seed=1), prompts.make(1, 200, seed=2)

    assert len(first[0].tokens) == len(second[0].tokens) == 200
    assert first != second
    assert first == prompts.make(1, 200, seed=1)
    with pytest.raises(ValueError, match="with its template"):
        prompts.make(1, 2, seed=1)


def test_nothing_begins_when_the_time_is_up(folder: Path) -> None:
    outcome = measure(plan(Models(folder, lambda _: None), minutes=-1.0), lambda _: None)

    assert outcome == Outcome(is_complete=False)


def test_rows_are_what_is_promised() -> None:
    assert list(Row.model_fields) == FIELDS


def _made(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
