"""The stepper that a graph asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import structlog

from app.engine.generation import opening
from app.engine.generation.buckets import BucketStepper
from app.engine.generation.concatenated import ConcatenatedStepper
from app.engine.generation.opening import open_stepper
from app.engine.generation.shared import SharedStepper
from app.engine.generation.stepper import Bounds
from app.errors import BundleError
from app.runtime import Copier
from tests.normal_graphs import APART, LAYOUT, concatenated, opened, shared

BOUNDS = Bounds(slots=8, length=256, kv_bytes=10**8)


def test_the_cache_decides() -> None:
    assert isinstance(open_stepper(opened(shared()), LAYOUT, BOUNDS), SharedStepper)
    assert isinstance(open_stepper(opened(concatenated()), APART, BOUNDS), ConcatenatedStepper)


@pytest.mark.parametrize(("dtype", "is_slow"), [(np.float16, False), (np.float32, True)])
def test_on_a_gpu_steps_come_in_buckets(
    dtype: type, *, is_slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = opened(shared())
    graph.is_on_gpu = True
    copiers: list[bool] = []

    def copier(itemsize: int, *, is_on_gpu: bool) -> Copier:
        copiers.append(is_on_gpu)
        return Copier(itemsize, is_on_gpu=False)

    monkeypatch.setattr(opening, "Copier", copier)
    with structlog.testing.capture_logs() as logs:
        stepper = open_stepper(graph, replace(LAYOUT, kv_dtype=np.dtype(dtype)), BOUNDS)

    assert isinstance(stepper, BucketStepper)
    assert copiers == [True]
    assert [log["event"] for log in logs] == ["attention_in_main_memory"] * is_slow


def test_nothing_is_taken_before_it_is_needed() -> None:
    assert open_stepper(opened(shared()), LAYOUT, BOUNDS).kv_bytes == 0


@pytest.mark.parametrize(
    ("bytes_of", "positions", "longest"),
    [(10_000, None, 256), (10_000, 100, 100), (150, None, 128)],
)
def test_rows_end_where_the_bundle_the_graph_or_the_memory_does(
    bytes_of: int, positions: int | None, longest: int
) -> None:
    layout = replace(LAYOUT, max_positions=positions)
    bounds = replace(BOUNDS, kv_bytes=bytes_of * LAYOUT.kv_bytes_per_token)

    assert open_stepper(opened(shared()), layout, bounds).max_length == longest


def test_a_cache_of_bytes_is_refused_on_a_gpu() -> None:
    graph = opened(shared())
    graph.is_on_gpu = True
    layout = replace(LAYOUT, prompt_past=LAYOUT.past)

    with pytest.raises(BundleError, match="kept in bytes, which is served on a CPU only"):
        open_stepper(graph, layout, BOUNDS)
