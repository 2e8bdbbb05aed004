from __future__ import annotations

import pytest
from typer.testing import CliRunner

from scripts.benchmarks.__main__ import app
from scripts.benchmarks.engines.comparing import (
    CONCURRENCY,
    NothingToMeasure,
    Wishes,
    contenders_of,
    loads_of,
)
from scripts.benchmarks.engines.contenders import CONTENDERS

pytestmark = pytest.mark.train


def test_all_is_measured_if_nothing_is_wished_for() -> None:
    loads = loads_of(Wishes())

    assert len(loads) == 2 * 2 * len(CONCURRENCY)
    assert {(load.prompt_tokens, load.new_tokens) for load in loads} == {(64, 128), (1_024, 128)}
    assert contenders_of(Wishes()) == list(CONTENDERS)


def test_a_quick_run_asks_each_engine_at_one_and_at_sixteen() -> None:
    wishes = Wishes(is_quick=True)

    assert {load.concurrency for load in loads_of(wishes) if load.model == "m135"} >= {1, 16}
    assert {one.engine for one in contenders_of(wishes)} == {one.engine for one in CONTENDERS}
    assert len(contenders_of(wishes)) < len(CONTENDERS)


def test_wishes_narrow_it_down() -> None:
    wishes = Wishes(
        models=["m15"], engines=["penstock", "llama.cpp Q"], concurrency=[4], prompt_tokens=[64]
    )

    (load,) = loads_of(wishes)
    assert load.name == "m15 64+128 by 4"
    assert [one.precision for one in contenders_of(wishes)] == [
        "fp32",
        "int8",
        "int4",
        "Q8_0",
        "Q4_0",
    ]


@pytest.mark.parametrize("wishes", [Wishes(models=["m7"]), Wishes(concurrency=[3])])
def test_a_load_that_does_not_exist_is_an_error(wishes: Wishes) -> None:
    with pytest.raises(NothingToMeasure, match="no load"):
        loads_of(wishes)


def test_an_unknown_engine_is_an_error_that_names_the_known_ones() -> None:
    said = CliRunner().invoke(app, ["engine", "--only", "vllm"])

    assert said.exit_code == 2
    assert "llama.cpp" in said.output


@pytest.mark.parametrize(
    "wrong", [["--rounds", "0"], ["--concurrency", "many"], ["--threads", "-1"]]
)
def test_wrong_arguments_are_refused(wrong: list[str]) -> None:
    assert CliRunner().invoke(app, ["engine", *wrong]).exit_code == 2


def test_the_limit_counts_weights_once_and_the_cache_of_all() -> None:
    int4 = next(one for one in CONTENDERS if one.name == "penstock int4")
    alone, many = (int4.step_bytes("m135", number, 100.0) for number in (1, 17))

    # 134.5 million weights at 4 bits, and a scale of 4 bytes for each 32 of them.
    assert alone == pytest.approx(134.5e6 * 5 / 8, rel=0.06)
    assert many - alone == 16 * 100 * 30 * 2 * 3 * 64  # a byte each


def test_an_engine_with_a_bound_reads_the_cache_of_so_many() -> None:
    engine = next(one for one in CONTENDERS if one.engine == "onnxruntime-genai Engine")

    assert engine.step_bytes("m135", 16, 100.0) == engine.step_bytes("m135", 4, 100.0)
