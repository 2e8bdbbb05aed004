"""Picking the next token of every running completion from the logits of one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from app.engine import SamplingParameters, TokenLogprob
from app.engine.generation.drawing import GREEDY_BELOW, draw
from app.engine.generation.grammar import GrammarMatcher
from app.engine.generation.logprobs import Logprobs
from app.engine.generation.penalties import Penalties
from app.engine.generation.vocabulary import Vocabulary
from app.errors import ModelFailed, ModelOutputInvalid, PenstockError

log = structlog.get_logger("penstock.engine")

FORBIDS = -100.0
"""From this logit bias down a token is forbidden."""
ABSURD = np.float32(1e30)
"""No model means such a logit; sums and quotients of what is smaller stay finite."""
LAST_RESORT = -ABSURD
"""The logit of a forbidden token: picked only where the grammar leaves nothing else."""


@dataclass(frozen=True, slots=True)
class Picked:
    """The next token of one completion."""

    token: int
    logprob: TokenLogprob | None = None
    """Only if it was asked for; an end token has none."""
    is_end: bool = False
    """It ends the completion and is no part of it."""
    is_last: bool = False
    """It is part of the completion, and its grammar lets nothing follow."""


class TokenPicker:
    """Picks the tokens of one completion; the same seed picks the same ones.

    Args:
        parameters: what the client asked for.
        prompt: the tokens in front of the completion.
        vocabulary: the model's.
        matcher: the place in the grammar, if there is one.
    """

    def __init__(
        self,
        parameters: SamplingParameters,
        prompt: Sequence[int],
        vocabulary: Vocabulary,
        matcher: GrammarMatcher | None = None,
    ) -> None:
        self._parameters = parameters
        self._vocabulary = vocabulary
        self._matcher = matcher
        self._random = np.random.default_rng(parameters.seed)
        self._penalties = Penalties(parameters, prompt)
        bias = {t: add for t, add in parameters.logit_bias if 0 <= t < vocabulary.size}
        self._biased = np.array(list(bias), dtype=np.intp)
        self._bias = np.array(list(bias.values()), dtype=np.float32)
        self._forbidden = self._biased[self._bias <= FORBIDS]
        self._num_picked = 0
        self._is_greedy = parameters.temperature < GREEDY_BELOW

    def pick(self, row: NDArray[np.float32], likeliest: int) -> Picked:
        """Return the next token and take it; `row` is overwritten.

        Args:
            row: logits smaller than `ABSURD`.
            likeliest: the place of the largest.

        Raises:
            GrammarTooComplex: the grammar takes too much work at this place.
        """
        wanted = self._parameters.logprobs
        logprobs = None if wanted is None else Logprobs(row, wanted)
        if self._change(row):
            likeliest = int(row.argmax())
        token = likeliest if self._is_greedy else draw(row, self._parameters, self._random)
        self._num_picked += 1
        self._penalties.add(token)
        if token in self._vocabulary.ends:
            return Picked(token, is_end=True)
        return Picked(
            token,
            logprobs.of(token, self._vocabulary) if logprobs else None,
            is_last=self._advance(token),
        )

    def _change(self, row: NDArray[np.float32]) -> bool:
        """Forbid tokens and change logits; return whether anything was changed."""
        is_early = self._num_picked < self._parameters.min_tokens
        if len(self._biased):
            row[self._biased] += self._bias
        if not self._penalties.is_none:
            self._penalties.apply(row)
        row[self._forbidden] = LAST_RESORT
        if is_early:
            row[self._vocabulary.end_tokens] = LAST_RESORT
        if self._matcher:
            np.copyto(row, -np.inf, where=~self._matcher.allowed(len(row)))
        return bool(len(self._biased) or not self._penalties.is_none or is_early or self._matcher)

    def _advance(self, token: int) -> bool:
        """Take the token into the grammar; return whether nothing may follow it."""
        if not self._matcher:
            return False
        self._matcher.advance(token)
        return self._matcher.is_finished


def pick(
    logits: NDArray[np.float32], pickers: Sequence[TokenPicker]
) -> list[Picked | PenstockError]:
    """Pick the next token of every row; a row's result never depends on the others.

    A row with NaN, Inf or absurd numbers, or whose grammar asks too much, gives its error instead.

    Args:
        logits: [rows, vocabulary]; overwritten.
        pickers: one for each row, advanced by its token.
    """
    likeliest = logits.argmax(axis=1)
    highest = logits[np.arange(len(logits)), likeliest]
    are_finite = (highest < ABSURD) & (logits.min(axis=1) > -ABSURD)  # NaN is neither
    return [
        _pick(picker, row, int(top)) if is_finite else ModelOutputInvalid()
        for picker, row, top, is_finite in zip(pickers, logits, likeliest, are_finite, strict=True)
    ]


def _pick(picker: TokenPicker, row: NDArray[np.float32], likeliest: int) -> Picked | PenstockError:
    try:
        return picker.pick(row, likeliest)
    except PenstockError as error:
        return error
    except Exception:
        log.exception("picking_failed")
        return ModelFailed()
