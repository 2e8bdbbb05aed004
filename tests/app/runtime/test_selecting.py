"""The largest of each row, as numpy finds them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from app.runtime import Buffer, Selection, Selector

WIDE, NARROW = 1_000, 20


def over(values: NDArray[np.float32]) -> Selection:
    return Selection(Selector(values.shape[1], is_on_gpu=False), Buffer.over(values))


def noise(rows: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    # Rounded, so that there are equals.
    return np.round(random.normal(size=(rows, width)) * 4).astype(np.float32)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_first_of_the_largest(width: int) -> None:
    values = noise(9, width)
    places, sums = over(values).first()

    np.testing.assert_array_equal(places, values.argmax(axis=1))
    np.testing.assert_allclose(sums, np.abs(values).sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_largest_with_their_places(width: int) -> None:
    values = noise(9, width)
    tops, places, _ = over(values).largest()

    np.testing.assert_array_equal(tops, np.sort(values, axis=1)[:, ::-1][:, : tops.shape[1]])
    np.testing.assert_array_equal(np.take_along_axis(values, places, axis=1), tops)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_shows_in_the_sum(bad: float) -> None:
    values = noise(3, WIDE)
    values[1, 700] = bad
    selection = over(values)

    for sums in (selection.first()[-1], selection.largest()[-1]):
        assert np.isfinite(sums).tolist() == [True, False, True]


def test_a_selection_follows_its_buffer() -> None:
    values = noise(2, WIDE)
    selection = over(values)
    selection.first()
    values[:] = noise(2, WIDE, seed=1)

    assert selection.first()[0].tolist() == values.argmax(axis=1).tolist()
