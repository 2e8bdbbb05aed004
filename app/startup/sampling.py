"""Language models for filters: the served engines, asked for single completions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from app.engine import ChatMessage, Engine, Prompt, SamplingParameters, Task
from app.engine.served import ServedEngines
from app.errors import FilterError


@dataclass(frozen=True, slots=True)
class Sample:
    """A completion that was written for a filter."""

    text: str
    certainty: float
    """The geometric mean of its tokens' probabilities, in [0, 1]."""


class SamplingModel:
    """A served model by its name (implements `filters.Generator`).

    The name is looked up each time: a new version is used as soon as it is served.

    Raises:
        FilterError: no model of this name is served, or it does not write texts.
    """

    def __init__(self, engines: ServedEngines, name: str) -> None:
        self._engines = engines
        self._name = name
        engine = engines.get(name)
        if engine is None:
            raise FilterError(f"no model {name!r} is served")
        _check(engine)

    async def sample(
        self,
        question: str,
        passages: Sequence[str],
        *,
        temperature: float,
        max_tokens: int,
        seed: int,
    ) -> Sample:
        """Write one completion for a question.

        Raises:
            ModelNotFound: the model is not served any more.
            FilterError: another kind of model has taken its name.
            PromptTooLong: the question and its passages do not fit.
            EngineBusy: the queue is full.
            ModelFailed: the graph failed.
        """
        parameters = SamplingParameters(
            temperature=temperature, max_tokens=max_tokens, seed=seed, logprobs=0
        )
        prompt = Prompt((ChatMessage("user", question),), tuple(passages), parameters)
        text, logprobs = "", list[float]()
        with self._engines.lease(self._name) as engine:
            _check(engine)
            async with aclosing(engine.stream(prompt)) as deltas:
                async for delta in deltas:
                    text += delta.text
                    logprobs += [token.logprob for token in delta.logprobs]
        mean = sum(logprobs) / len(logprobs) if logprobs else 0.0
        return Sample(text, min(1.0, math.exp(mean)))


def _check(engine: Engine) -> None:
    if engine.task is not Task.TEXT_GENERATION:
        raise FilterError(f"model {engine.name} is for {engine.task}, it writes no samples")
