"""Picking tokens."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine import SamplingParameters
from app.engine.generation.sampling import Picked, TokenPicker, pick
from app.engine.generation.vocabulary import Vocabulary
from tests.recital import recital

WORDS, _ = recital([], ends=True)
LOGITS: NDArray[np.float32] = np.log(np.array([0.1, 0.4, 0.2, 0.3], dtype=np.float32))


def picks(
    number: int = 4_000, logits: NDArray[np.float32] = LOGITS, **chosen: float
) -> Counter[int]:
    parameters = {"temperature": 1.0, "seed": 1, **chosen}
    return Counter(row(number, logits, SamplingParameters(**parameters)))  # type: ignore[arg-type]


def row(number: int, logits: NDArray[np.float32], chosen: SamplingParameters) -> list[int]:
    """Pick one token after the other from the same logits."""
    picker = TokenPicker(chosen, (), Vocabulary(WORDS, len(logits), ()))
    picked = [pick(logits[None].copy(), [picker])[0] for _ in range(number)]
    return [one.token for one in picked if isinstance(one, Picked)]


def test_temperature_zero_is_greedy() -> None:
    assert picks(temperature=0.0) == {1: 4_000}


def test_temperature_one_follows_the_model() -> None:
    found = picks()

    for token, share in enumerate((0.1, 0.4, 0.2, 0.3)):
        assert found[token] / 4_000 == pytest.approx(share, abs=0.03)


def test_a_low_temperature_sharpens_and_a_high_one_flattens() -> None:
    assert picks(temperature=0.2)[1] > 3_000
    assert picks(temperature=50.0)[0] / 4_000 == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("temperature", [1e-6, 1e-30])
def test_a_tiny_temperature_is_greedy_and_never_overflows(temperature: float) -> None:
    assert picks(10, temperature=temperature) == {1: 10}


@pytest.mark.parametrize(("k", "kept"), [(1, {1}), (2, {1, 3}), (3, {1, 2, 3}), (9, {0, 1, 2, 3})])
def test_top_k_keeps_the_likeliest(k: int, kept: set[int]) -> None:
    assert set(picks(top_k=k)) == kept


@pytest.mark.parametrize(
    ("p", "kept"), [(0.0, {1}), (0.39, {1}), (0.6, {1, 3}), (0.85, {1, 2, 3}), (1.0, {0, 1, 2, 3})]
)
def test_top_p_keeps_the_smallest_share_that_is_enough(p: float, kept: set[int]) -> None:
    assert set(picks(top_p=p)) == kept


def test_top_p_counts_within_top_k() -> None:
    assert set(picks(top_k=2, top_p=0.5)) == {1}


def test_the_same_seed_picks_the_same_tokens_and_another_does_not() -> None:
    def seeded(seed: int | None) -> list[int]:
        return row(50, LOGITS, SamplingParameters(temperature=1.0, seed=seed))

    assert seeded(3) == seeded(3)
    assert seeded(3) != seeded(4)
    assert seeded(None) != seeded(None)


def test_half_precision_logits_far_apart_are_fine() -> None:
    assert picks(10, logits=np.array([-6e4, 6e4, 0], dtype=np.float32)) == {1: 10}
