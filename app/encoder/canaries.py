"""The golden check: a bundle must compute what its manifest says before it is trusted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.bundles import Bundle
from app.bundles.manifest import Canary
from app.encoder.tokens import Text
from app.errors import BundleError, ModelFailed


def check_canaries(bundle: Bundle, read: Callable[[Text], NDArray[np.float32]]) -> None:
    """Compare the leading values of each canary's result.

    Raises:
        BundleError: a value is further off than the canary tolerates, or cannot be computed.
    """
    for number, canary in enumerate(bundle.manifest.canaries):
        try:
            got = read(canary.text if canary.pair is None else (canary.text, canary.pair))
        except ModelFailed as error:
            raise failed(bundle, number, error.message) from error
        _compare(bundle, number, canary, got)


def failed(bundle: Bundle, number: int, why: str) -> BundleError:
    """Say which canary failed, and what that means."""
    return BundleError(
        f"bundle {bundle.reference}: golden check failed: canary {number}: {why}. The graph or the "
        "tokenizer is not the one the manifest was written for; export the bundle again"
    )


def _compare(bundle: Bundle, number: int, canary: Canary, got: NDArray[np.float32]) -> None:
    expected = np.array(canary.expected, dtype=np.float32)
    if not expected.size or expected.size > got.size:
        raise failed(bundle, number, f"{expected.size} values expected of {got.size}")
    gap = float(np.abs(got[: expected.size] - expected).max())
    if gap > canary.tolerance:
        raise failed(bundle, number, f"off by {gap:.3g}, more than {canary.tolerance:.3g}")
