"""Drawing tokens, held against doing it the slow way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.engine import SamplingParameters
from app.engine.generation.drawing import cut, draw, largest

FEW = st.lists(st.sampled_from([-3.0, -1.0, 0.0, 0.5, 2.0]), min_size=1, max_size=40)


class Given(np.random.Generator):
    """Gives one number and counts how often it was asked."""

    def __init__(self, number: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.number = number
        self.num_asked = 0

    def random(self, *_: object, **__: object) -> float:  # type: ignore[override]
        self.num_asked += 1
        return self.number


def shares(row: NDArray[np.float32], chosen: SamplingParameters) -> NDArray[np.float64]:
    """Return each token's probability, by sorting everything."""
    scaled = row.astype(np.float64) / chosen.temperature
    found = np.exp(scaled - scaled.max())
    order = np.argsort(-found, kind="stable")
    if chosen.top_k:
        found[order[chosen.top_k :]] = 0
    if chosen.top_p < 1:
        sums = np.cumsum(found[order])
        found[order[int(np.searchsorted(sums, chosen.top_p * sums[-1])) + 1 :]] = 0
    found[found < chosen.min_p] = 0
    return np.asarray(found / found.sum())


def drawn(row: NDArray[np.float32], chosen: SamplingParameters, number: int) -> set[int]:
    """Return all tokens that evenly spread random numbers draw."""
    return {draw(row, chosen, Given((i + 0.5) / number)) for i in range(number)}


@given(row=FEW, number=st.integers(0, 45))
@settings(deadline=None)
def test_the_largest_are_those_that_sorting_finds(row: list[float], number: int) -> None:
    values = np.array(row, dtype=np.float32)

    assert largest(values, number).tolist() == np.argsort(-values, kind="stable")[:number].tolist()


@pytest.mark.parametrize("number", [1, 5, 50, 700])
def test_the_largest_of_many_are_those_that_sorting_finds(number: int) -> None:
    row = np.random.default_rng(number).normal(size=5_003).astype(np.float32)

    assert largest(row, number).tolist() == np.argsort(-row, kind="stable")[:number].tolist()


@given(
    row=FEW,
    chosen=st.builds(
        SamplingParameters,
        temperature=st.sampled_from([0.3, 1.0, 2.0]),
        top_k=st.integers(0, 45),
        top_p=st.sampled_from([0.05, 0.33, 0.71, 0.97, 1.0]),
        min_p=st.sampled_from([0.0, 0.11, 0.7]),
    ),
)
@settings(max_examples=100, deadline=None)
def test_what_can_be_drawn_is_what_sorting_everything_keeps(
    row: list[float], chosen: SamplingParameters
) -> None:
    values = np.array(row, dtype=np.float32)
    wanted = shares(values, chosen)

    found = drawn(values, chosen, 150)

    assert found <= set(np.flatnonzero(wanted))
    assert found >= set(np.flatnonzero(wanted > 1 / 120))


@pytest.mark.parametrize("p", [0.01, 0.5, 0.9, 0.9999, np.nextafter(1, 0)])
@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0, 4.0])
def test_top_p_keeps_as_few_as_hold_enough(p: float, spread: float) -> None:
    row = (np.random.default_rng(1).normal(size=3_000) * spread).astype(np.float32)
    all_shares = np.exp(row - row.max())
    order = np.argsort(-all_shares, kind="stable")
    goal = p * all_shares.sum(dtype=np.float64)

    kept = np.flatnonzero(cut(all_shares.copy(), SamplingParameters(top_p=p)))

    assert set(kept) == set(order[: len(kept)])
    held = all_shares[order[: len(kept)]].astype(np.float64)
    assert held.sum() >= goal * (1 - 1e-12)
    assert held[:-1].sum() < goal * (1 + 1e-12)


@pytest.mark.parametrize("top_k", [0, 2_000])
def test_frequencies_follow_the_probabilities(top_k: int) -> None:
    row = np.random.default_rng(2).normal(size=2_500).astype(np.float32)
    random = np.random.default_rng(3)
    chosen = SamplingParameters(temperature=1.0, top_k=top_k)
    wanted = shares(row, chosen)

    found = np.bincount([draw(row, chosen, random) for _ in range(4_000)], minlength=2_500)

    halves = np.add.reduceat(found, [0, 1_250]) / 4_000
    assert halves == pytest.approx(np.add.reduceat(wanted, [0, 1_250]), abs=0.03)
    assert found[wanted == 0].sum() == 0


@pytest.mark.parametrize("number", [0.0, np.nextafter(1, 0)])
@pytest.mark.parametrize("more", [{}, {"top_k": 3}, {"top_p": 0.5}, {"min_p": 1.0}])
def test_the_ends_of_the_random_numbers_draw_only_what_is_possible(
    number: float, more: dict[str, float]
) -> None:
    row = np.full(600, -1e30, dtype=np.float32)
    row[[7, 300]] = 1.0
    random = Given(number)

    chosen = SamplingParameters(temperature=1.0, **more)  # type: ignore[arg-type]

    assert draw(row, chosen, random) in (7, 300)
    assert random.num_asked == 1
