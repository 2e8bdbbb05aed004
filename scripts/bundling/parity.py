"""The gates: an exported graph must say what the trained network says, or it does not leave.

Every gate runs on held-out texts, never on what the graph was traced with, and each text both
alone and beside others: an answer must not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Outputs = Sequence[NDArray[np.float32]]
"""One text's outputs, without the batch axis."""


class GateRefused(Exception):
    """An exported graph differs too much from what it was made from."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far two networks may be apart."""

    mean: float
    """Of the distance, over all texts."""
    largest: float
    """Of the distance, on any text."""
    agreement: float
    """Least share of texts on which both decide the same."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two networks are apart on one text."""

    distance: float
    same: bool


TIE = 0.005
"""Scores this near to each other decide nothing: an untrained network is sure of no place."""

Compare = Callable[[Outputs, Outputs], Difference]

FLOAT_LIMITS = Limits(mean=1e-4, largest=2e-3, agreement=0.999)
NEIGHBOUR_LIMITS = Limits(mean=1e-4, largest=2e-3, agreement=0.999)


def embeddings(reference: Outputs, candidate: Outputs) -> Difference:
    """One minus the cosine; the decision is whether it is the same text at all."""
    distance = 1.0 - float(reference[0] @ candidate[0])
    return Difference(max(distance, 0.0), distance < 0.1)


def sigmoid_scores(reference: Outputs, candidate: Outputs) -> Difference:
    """Largest difference of any label's score; each label decides at one half."""
    one, other = (1 / (1 + np.exp(-outputs[0])) for outputs in (reference, candidate))
    return Difference(float(np.abs(one - other).max()), bool(((one > 0.5) == (other > 0.5)).all()))


def softmax_scores(reference: Outputs, candidate: Outputs) -> Difference:
    """Largest difference of any label's score; the largest score decides."""
    one, other = (_softmax(outputs[0]) for outputs in (reference, candidate))
    return Difference(float(np.abs(one - other).max()), _same_best(one, other))


def spans(reference: Outputs, candidate: Outputs) -> Difference:
    """Largest difference of any place's score; the best start and end decide."""
    pairs = [(_softmax(a), _softmax(b)) for a, b in zip(reference, candidate, strict=True)]
    distance = max(float(np.abs(a - b).max()) for a, b in pairs)
    return Difference(distance, all(_same_best(a, b) for a, b in pairs))


def check(
    gate: str,
    compare: Compare,
    limits: Limits,
    reference: Sequence[Outputs],
    candidate: Sequence[Outputs],
) -> dict[str, float]:
    """Compare text by text and return what was measured, for the manifest.

    Raises:
        GateRefused: there is nothing to compare, a number is not finite, or a limit is passed.
    """
    if not reference or len(reference) != len(candidate):
        raise GateRefused(f"gate {gate}: there are no texts to compare on")
    if not all(np.isfinite(array).all() for outputs in candidate for array in outputs):
        raise GateRefused(f"gate {gate}: the graph returned NaN or infinity")
    differences = [compare(a, b) for a, b in zip(reference, candidate, strict=True)]
    distances = np.array([difference.distance for difference in differences])
    measured = {
        f"{gate}.mean": float(distances.mean()),
        f"{gate}.largest": float(distances.max()),
        f"{gate}.agreement": float(np.mean([difference.same for difference in differences])),
    }
    _refuse_beyond(gate, limits, measured)
    return measured


def _refuse_beyond(gate: str, limits: Limits, measured: dict[str, float]) -> None:
    mean, largest, agreement = measured.values()
    if not (mean <= limits.mean and largest <= limits.largest and agreement >= limits.agreement):
        raise GateRefused(
            f"gate {gate}: mean {mean:.5f} (at most {limits.mean}), largest {largest:.5f} "
            f"(at most {limits.largest}), agreement {agreement:.4f} (at least {limits.agreement})"
        )


def _same_best(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether `one` too finds the other's choice the best, or as good as the best."""
    return bool(one[other.argmax()] >= one.max() - TIE)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum(), np.float32)
