"""The stepper that a graph asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.engine.generation.concatenated import ConcatenatedStepper
from app.engine.generation.opening import open_stepper
from app.engine.generation.shared import SharedStepper
from app.engine.generation.stepper import Bounds
from tests.normal_graphs import APART, LAYOUT, concatenated, opened, shared

BOUNDS = Bounds(slots=8, length=256, kv_bytes=10**8)


def test_the_cache_decides() -> None:
    assert isinstance(open_stepper(opened(shared()), LAYOUT, BOUNDS), SharedStepper)
    assert isinstance(open_stepper(opened(concatenated()), APART, BOUNDS), ConcatenatedStepper)


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
