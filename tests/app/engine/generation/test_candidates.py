"""A few logits lead to the same tokens as all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.engine import SamplingParameters
from app.engine.generation.candidates import candidates
from app.engine.generation.sampling import Picked, TokenPicker, enough, pick
from app.engine.generation.vocabulary import Vocabulary
from app.errors import ModelOutputInvalid
from app.runtime import Buffer, Selection, Selector
from tests.recital import END, recital

WORDS = recital((), ends=False)[0]
SIZE = 259
SELECTOR = Selector(SIZE, is_on_gpu=False)
GREEDY: dict[str, Any] = {}
FEW = {"temperature": 0.8, "top_k": 20}


def vocabulary() -> Vocabulary:
    end = WORDS.token_to_id(END)
    assert end is not None
    return Vocabulary(WORDS, SIZE, [end])


def picker(**parameters: Any) -> TokenPicker:
    return TokenPicker(SamplingParameters(16, seed=3, **parameters), [1, 2, 3], vocabulary())


def selected(logits: NDArray[np.float32]) -> Selection:
    return Selection(SELECTOR, Buffer.over(logits.copy()))


@seed(4)
@settings(max_examples=60, deadline=None, database=None)
@given(
    noise=st.integers(0, 10_000),
    grain=st.sampled_from([0.5, 1 / 64, 1e-4]),
    top_k=st.integers(1, 70),
    top_p=st.sampled_from([1.0, 0.9, 0.3]),
    min_p=st.sampled_from([0.0, 0.1]),
)
def test_the_same_tokens(noise: int, grain: float, top_k: int, top_p: float, min_p: float) -> None:
    """With a coarse grain many are equal, as in half precision."""
    random = np.random.default_rng(noise)
    logits = (np.round(random.normal(scale=3, size=(3, SIZE)) / grain) * grain).astype(np.float32)
    kinds = [{}, {"temperature": 0.8, "top_k": top_k, "top_p": top_p, "min_p": min_p}, {}]
    few, all_of_them = ([picker(**kind) for kind in kinds] for _ in range(2))

    for _ in range(3):
        number = enough(few)
        assert number == max(1, top_k)
        found = candidates(selected(logits), 3, number)
        if found is not None:
            assert pick(found, few) == pick(logits.copy(), all_of_them)


def test_where_equals_may_be_missing_all_are_asked_for() -> None:
    logits = np.zeros((1, SIZE), dtype=np.float32)

    assert candidates(selected(logits), 1, 20) is None
    first = candidates(selected(logits), 1, 1)
    assert first is not None
    assert first.tokens.tolist() == [[0]]


@pytest.mark.parametrize("number", [64, SIZE, 2 * SIZE])
def test_more_than_are_selected_are_never_made_up(number: int) -> None:
    logits = np.random.default_rng(0).normal(size=(1, SIZE)).astype(np.float32)

    assert candidates(selected(logits), 1, number) is None


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2e30, -2e30])
def test_a_bad_row_fails_alone(number: int, bad: float) -> None:
    logits = np.random.default_rng(0).normal(size=(3, SIZE)).astype(np.float32)
    logits[1, 7] = bad
    found = candidates(selected(logits), 3, number)
    assert found is not None

    picked = pick(found, [picker(), picker(), picker()])
    assert [isinstance(one, Picked) for one in picked] == [True, False, True]
    assert isinstance(picked[1], ModelOutputInvalid)


def test_rows_of_nobody_are_left_out() -> None:
    logits = np.random.default_rng(0).normal(size=(4, SIZE)).astype(np.float32)
    logits[3] = np.nan
    found = candidates(selected(logits), 3, 5)

    assert found is not None
    assert found.tokens.shape[0] == found.logits.shape[0] == len(found.are_sound) == 3


@pytest.mark.parametrize(
    ("parameters", "number"),
    [
        (GREEDY, 1),
        (FEW, 20),
        ({"temperature": 1.0}, None),
        ({"temperature": 1.0, "top_p": 0.9}, None),
        ({"logprobs": 0}, None),
        ({"logit_bias": ((5, 1.0),)}, None),
        ({"repetition_penalty": 1.1}, None),
        ({"presence_penalty": 0.1}, None),
        ({"min_tokens": 2}, None),
    ],
)
def test_how_many_are_enough(parameters: dict[str, Any], number: int | None) -> None:
    assert picker(**parameters).enough == number
    assert enough([picker(), picker(**parameters)]) == number


def test_once_there_are_enough_tokens_one_is_enough() -> None:
    one = picker(min_tokens=1)
    assert one.enough is None
    one.pick(np.random.default_rng(0).normal(size=SIZE).astype(np.float32), 3)
    assert one.enough == 1
