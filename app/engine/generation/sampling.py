"""Picking the next token of every running completion from the logits of one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import methodcaller

import numpy as np
import structlog
from numpy.typing import NDArray

from app.engine import SamplingParameters, TokenLogprob
from app.engine.generation.candidates import ABSURD, Candidates
from app.engine.generation.drawing import GREEDY_BELOW, draw, draw_among
from app.engine.generation.grammar import GrammarMatcher
from app.engine.generation.logprobs import Logprobs
from app.engine.generation.penalties import Penalties
from app.engine.generation.vocabulary import Vocabulary
from app.errors import ModelFailed, ModelOutputInvalid, PenstockError

log = structlog.get_logger("penstock.engine")

FORBIDS = -100.0
"""From this logit bias down a token is forbidden."""
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
        self._needs_all = (
            bool(len(self._biased) or matcher or parameters.logprobs is not None)
            or not self._penalties.is_none
        )

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
        return self._picked(token, logprobs)

    @property
    def enough(self) -> int | None:
        """How many of the largest logits it needs for the next token; None for all of them."""
        if self._needs_all or self._num_picked < self._parameters.min_tokens:
            return None
        return 1 if self._is_greedy else self._parameters.top_k or None

    def pick_among(self, tokens: NDArray[np.int64], logits: NDArray[np.float32]) -> Picked:
        """Do as `pick` does, from no fewer tokens than are enough, the largest logit first."""
        if self._is_greedy:
            return self._picked(int(tokens[0]))
        some = slice(self._parameters.top_k)
        token = draw_among(tokens[some], logits[some], self._parameters, self._random)
        return self._picked(token)

    def _picked(self, token: int, logprobs: Logprobs | None = None) -> Picked:
        """Take a token."""
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


def enough(pickers: Iterable[TokenPicker]) -> int | None:
    """Return how many of each row's largest logits are enough for all; None if all are needed."""
    most = 0
    try:
        for picker in pickers:
            number = picker.enough
            if number is None:
                return None
            most = max(most, number)
    except Exception:  # noqa: BLE001  whoever is broken fails alone, when it picks
        return None
    return most or None


def pick(
    logits: NDArray[np.float32] | Candidates, pickers: Sequence[TokenPicker]
) -> list[Picked | PenstockError]:
    """Pick the next token of every row; a row's result never depends on the others.

    A row with NaN, Inf or absurd numbers, or whose grammar asks too much, gives its error instead.

    Args:
        logits: [rows, vocabulary], overwritten; or as many of the largest as are enough.
        pickers: one for each row, advanced by its token.
    """
    if isinstance(logits, Candidates):
        rows = zip(pickers, logits.tokens, logits.logits, logits.are_sound, strict=True)
        return [
            _pick(methodcaller("pick_among", tokens, row), picker, is_sound=is_sound)
            for picker, tokens, row, is_sound in rows
        ]
    likeliest = logits.argmax(axis=1)
    highest = logits[np.arange(len(logits)), likeliest]
    are_finite = (highest < ABSURD) & (logits.min(axis=1) > -ABSURD)  # NaN is neither
    return [
        _pick(methodcaller("pick", row, int(top)), picker, is_sound=is_finite)
        for picker, row, top, is_finite in zip(pickers, logits, likeliest, are_finite, strict=True)
    ]


def _pick(
    picking: Callable[[TokenPicker], Picked], picker: TokenPicker, *, is_sound: bool
) -> Picked | PenstockError:
    if not is_sound:
        return ModelOutputInvalid()
    try:
        return picking(picker)
    except PenstockError as error:
        return error
    except Exception:
        log.exception("picking_failed")
        return ModelFailed()
