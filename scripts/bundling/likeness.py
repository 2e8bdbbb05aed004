"""How like its checkpoint an exported decoder is: the same tokens, and a perplexity no worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.bundling.decoders import Precision
from scripts.bundling.parity import GateRefused

Logits = NDArray[np.float32]


@dataclass(slots=True)
class Likeness:
    """Sums over what was read so far."""

    tokens: int = 0
    same: int = 0
    """Tokens of which both hold the same most probable."""
    loss: float = 0.0
    """Of the checkpoint: minus the sum of the logarithms of the right tokens' probabilities."""
    own_loss: float = 0.0
    """Of the graph."""
    divergence: float = 0.0
    """Sum of the Kullback-Leibler divergences from the checkpoint."""
    largest: float = 0.0
    """The largest distance of any two logits."""

    def read(self, tokens: Sequence[int], reference: Logits, logits: Logits) -> None:
        """Compare what both say of one text, [tokens, vocabulary].

        Raises:
            GateRefused: a number is not finite.
        """
        if not np.isfinite(logits).all():
            raise GateRefused("the graph returned NaN or infinity")
        right = np.asarray(tokens[1:])
        theirs, ours = _log_probabilities(reference[:-1]), _log_probabilities(logits[:-1])
        places = np.arange(len(right))
        self.tokens += len(right)
        self.same += int((theirs.argmax(-1) == ours.argmax(-1)).sum())
        self.loss -= float(theirs[places, right].sum())
        self.own_loss -= float(ours[places, right].sum())
        self.divergence += float((np.exp(theirs) * (theirs - ours)).sum())
        self.largest = max(self.largest, float(np.abs(reference - logits).max()))

    @property
    def growth(self) -> float:
        """The share by which the perplexity grew; negative if it fell."""
        return math.expm1((self.own_loss - self.loss) / self.tokens)

    @property
    def agreement(self) -> float:
        """The share of tokens of which both hold the same most probable."""
        return self.same / self.tokens

    @property
    def mean_divergence(self) -> float:
        """Nats a token."""
        return self.divergence / self.tokens

    def metrics(self) -> dict[str, float]:
        """Return what the manifest says."""
        return {
            "perplexity": math.exp(self.own_loss / self.tokens),
            "perplexity.checkpoint": math.exp(self.loss / self.tokens),
            "perplexity.growth": self.growth,
            "parity.agreement": self.agreement,
            "parity.divergence": self.mean_divergence,
            "parity.largest": self.largest,
            "held_tokens": float(self.tokens),
        }


def check(found: Likeness, precision: Precision, most_growth: float | None = None) -> None:
    """Let a graph pass, or not.

    Raises:
        GateRefused: its perplexity grew too much, or it holds other tokens probable than the checkpoint does.
    """
    most = precision.most_growth if most_growth is None else most_growth
    if not found.growth <= most:
        raise GateRefused(
            f"the perplexity grew by {found.growth:.2%}, and at most {most:.2%} is let through"
        )
    if not found.mean_divergence <= precision.most_divergence:
        raise GateRefused(
            f"the graph is {found.mean_divergence:.5f} nats a token away from the checkpoint, and "
            f"at most {precision.most_divergence} are let through"
        )


def _log_probabilities(logits: Logits) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    found: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return found
