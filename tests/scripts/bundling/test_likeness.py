from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.bundling.decoders import PRECISIONS
from scripts.bundling.likeness import Likeness, check
from scripts.bundling.parity import GateRefused

pytestmark = pytest.mark.train

TOKENS = (0, 2, 1, 3)
FLAT = np.zeros((4, 5), np.float32)


def sure(*tokens: int, by: float = 3.0) -> NDArray[np.float32]:
    """Hold these tokens more probable than the others, one a place."""
    logits = FLAT.copy()
    logits[np.arange(len(tokens)), tokens] = by
    return logits


def likeness(reference: NDArray[np.float32], logits: NDArray[np.float32]) -> Likeness:
    found = Likeness()
    found.read(TOKENS, reference, logits)
    return found


def test_who_knows_nothing_is_as_perplexed_as_there_are_tokens() -> None:
    metrics = likeness(FLAT, FLAT).metrics()

    assert metrics["perplexity"] == metrics["perplexity.checkpoint"] == pytest.approx(5)
    assert metrics["perplexity.growth"] == metrics["parity.divergence"] == 0
    assert metrics["held_tokens"] == 3


def test_each_place_is_asked_for_the_next_token() -> None:
    found = likeness(FLAT, sure(2, 1, 3, 0))

    right = math.e**3 / (math.e**3 + 4)
    assert found.own_loss == pytest.approx(-3 * math.log(right))
    assert found.growth == pytest.approx(1 / right / 5 - 1)
    assert found.largest == 3


def test_agreement_counts_the_most_probable_tokens() -> None:
    found = likeness(sure(1, 1, 1, 1), sure(1, 2, 1, 2))

    assert found.agreement == pytest.approx(2 / 3)
    assert found.mean_divergence > 0.5


def test_texts_add_up() -> None:
    found = likeness(FLAT, sure(2, 1, 3, 0))
    found.read(TOKENS, FLAT, sure(2, 1, 3, 0))

    assert found.tokens == 6
    assert found.growth == pytest.approx(likeness(FLAT, sure(2, 1, 3, 0)).growth)


def test_a_graph_like_its_checkpoint_passes() -> None:
    for precision in PRECISIONS.values():
        check(likeness(FLAT, FLAT + 1e-5), precision)


def test_a_perplexity_that_grows_too_much_is_refused() -> None:
    found = likeness(sure(2, 1, 3, 0, by=1.0), sure(2, 1, 3, 0, by=0.9))
    assert 0.03 < found.growth < 0.1

    check(found, PRECISIONS["int4"])
    with pytest.raises(GateRefused, match=r"grew by \d\.\d+%, and at most 3\.00%"):
        check(found, PRECISIONS["int8"])
    check(found, PRECISIONS["int8"], most_growth=0.1)


def test_other_probable_tokens_are_refused_though_the_right_ones_stay() -> None:
    found = likeness(sure(4, 4, 4, 4), sure(0, 0, 0, 0))
    assert found.growth == pytest.approx(0)

    with pytest.raises(GateRefused, match="nats a token away"):
        check(found, PRECISIONS["int4"])


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(number: float) -> None:
    with pytest.raises(GateRefused, match="NaN"):
        likeness(FLAT, FLAT + np.float32(number))
