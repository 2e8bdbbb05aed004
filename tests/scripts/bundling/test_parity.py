"""What counts as the same decision."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.bundling.parity import Compare, softmax_scores, spans

pytestmark = pytest.mark.train


@pytest.mark.parametrize("compare", [softmax_scores, spans])
@pytest.mark.parametrize(
    ("reference", "candidate", "same"),
    [
        ([2.0, 0.0, 0.0], [1.5, 0.1, 0.0], True),
        ([2.0, 0.0, 0.0], [0.0, 2.0, 0.0], False),
        ([0.1, 0.0, 0.0], [0.0, 0.1, 0.0], False),
        ([0.001, 0.0, 0.0], [0.0, 0.001, 0.0], True),
    ],
)
def test_only_what_the_reference_decides_can_be_decided_otherwise(
    compare: Compare, reference: list[float], candidate: list[float], *, same: bool
) -> None:
    one, other = ([np.array(logits, np.float32)] for logits in (reference, candidate))

    assert compare(one, other).same is same
