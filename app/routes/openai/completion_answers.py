"""What a text completion looks like, whole and in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.exchange import Outcome
from app.routes.openai.choices import Choice, own_part, usage_of
from app.routes.openai.chunks import ChunkForm, head_of
from app.routes.openai.tokens import token_columns
from app.routes.tokens import Told

PREFIX, KIND = "cmpl", "text_completion"


class Echo:
    """The prompts as they were sent: the log's own may be changed by the time of the answer.

    Args:
        choices: those that begin with their prompt, not yet asked.
    """

    def __init__(self, choices: Sequence[Choice] = ()) -> None:
        self._prompts = {choice.index: choice.exchange.prompt for choice in choices}

    def before(self, choice: Choice) -> str:
        """Return, once, what stands before a completion.

        It is nothing if a filter let nothing of the completion through.
        """
        exchange, prompt = choice.exchange, self._prompts.pop(choice.index, "")
        is_withheld = exchange.outcome is Outcome.BLOCKED and not exchange.completion
        return "" if is_withheld else prompt


def text_completion(choices: Sequence[Choice], *, has_logprobs: bool, echo: Echo) -> dict[str, Any]:
    """Return the whole answer, when all exchanges are complete."""
    return {
        **head_of(choices[0].exchange, PREFIX, KIND),
        "choices": [
            {
                "index": choice.index,
                "text": echo.before(choice) + choice.exchange.released,
                "logprobs": token_columns(choice.released.told) if has_logprobs else None,
                "finish_reason": choice.finish_reason,
                "penstock": own_part(choice.exchange),
            }
            for choice in choices
        ],
        "usage": usage_of(choices),
    }


class CompletionForm(ChunkForm):
    """The chunks of a streamed text completion.

    Args:
        choices: all of the request's.
        has_logprobs: whether chunks tell the log-probabilities of their tokens.
        includes_usage: whether a last chunk tells the usage.
        echo: what stands before the completions.
    """

    prefix = PREFIX
    kind = KIND

    def __init__(
        self, choices: Sequence[Choice], *, has_logprobs: bool, includes_usage: bool, echo: Echo
    ) -> None:
        super().__init__(choices, has_logprobs=has_logprobs, includes_usage=includes_usage)
        self._echo = echo

    def piece(self, choice: Choice, text: str) -> bytes:
        """Return the chunk for released text."""
        told = choice.released.release(text)
        return self._chunk(choice, {"text": self._echo.before(choice) + text}, told)

    def finish(self, choice: Choice) -> bytes:
        """Return the chunk that says why a completion ended."""
        return self._last(choice, {"text": self._echo.before(choice)})

    def _logprobs(self, told: Told) -> dict[str, Any]:
        return token_columns(told)
