"""Penalties, held against counting everything anew."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine import SamplingParameters
from app.engine.generation.penalties import Penalties

TOKENS = st.lists(st.integers(0, 199), max_size=150)


@given(
    prompt=TOKENS,
    written=TOKENS,
    repetition=st.sampled_from([0.5, 1.0, 1.3]),
    presence=st.sampled_from([0.0, 0.7]),
    frequency=st.sampled_from([0.0, -0.2]),
)
@settings(deadline=None)
def test_counting_on_is_counting_anew(
    prompt: list[int], written: list[int], repetition: float, presence: float, frequency: float
) -> None:
    chosen = SamplingParameters(
        repetition_penalty=repetition, presence_penalty=presence, frequency_penalty=frequency
    )
    penalties = Penalties(chosen, prompt)
    for token in written:
        penalties.add(token)
    row = np.random.default_rng(1).normal(size=200).astype(np.float32)
    wanted = row.astype(np.float64)
    for token in {*prompt, *written}:
        value = wanted[token]
        wanted[token] = value / repetition if value > 0 else value * repetition
    for token, times in Counter(written).items():
        wanted[token] -= presence + frequency * times

    penalties.apply(row)

    assert row == pytest.approx(wanted, abs=1e-4)
    assert penalties.is_none is (repetition == 1 and not presence and not frequency)
