"""The order of the data."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.training.order import Order

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=80)


def _order(lengths: list[int], seed: int = 1) -> Order:
    return Order(lengths, seed=seed, batch_tokens=100)


@given(lengths=LENGTHS)
def test_an_epoch_holds_every_example_once(lengths: list[int]) -> None:
    seen: list[int] = []
    for batch in _order(lengths).batches(0):
        seen += batch
        if len(seen) >= len(lengths):
            break

    assert sorted(seen) == list(range(len(lengths)))


@given(lengths=LENGTHS, step=st.integers(0, 40))
def test_a_step_sees_the_same_wherever_one_begins(lengths: list[int], step: int) -> None:
    from_zero = list(islice(_order(lengths).batches(0), step + 5))
    from_there = list(islice(_order(lengths).batches(step), 5))

    assert from_there == from_zero[step:]


@given(lengths=LENGTHS)
def test_no_batch_is_larger_than_allowed(lengths: list[int]) -> None:
    for batch in islice(_order(lengths).batches(0), 20):
        assert len(batch) == 1 or max(lengths[at] for at in batch) * len(batch) <= 100


def test_epochs_and_seeds_differ() -> None:
    lengths = list(range(1, 60))
    first = list(islice(_order(lengths).batches(0), 30))

    assert first != list(islice(_order(lengths).batches(30), 30))
    assert first != list(islice(_order(lengths, seed=2).batches(0), 30))


def test_without_examples_there_is_nothing_to_learn() -> None:
    with pytest.raises(ValueError, match="nothing to learn"):
        _order([])
