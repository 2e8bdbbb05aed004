"""What chat and text completions have in common: how the words are picked, and how many times."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from app.routes.fields import Body, Word
from app.routes.openai.request import MAX_CHOICES, SEEDS, OneOrMore, TextRequest

_SAME_NAME = ("frequency_penalty", "presence_penalty", "logit_bias")


class StreamOptions(Body):
    """What a stream tells besides the text."""

    include_usage: bool | None = None
    """End with a chunk that has no choices and holds the tokens of all of them."""
    include_obfuscation: bool | None = None
    """Accepted; nothing is padded here."""


class SampledRequest(TextRequest):
    """Base of chat and text completions."""

    max_tokens: int | None = None
    """Most tokens to write."""
    n: int | None = Field(None, ge=1, le=MAX_CHOICES)
    """How many completions to write, each with a seed of its own: `seed`, `seed` + 1, …"""
    seed: int | None = Field(None, ge=-SEEDS, lt=SEEDS)
    """The same seed gives the same text again."""
    stop: Annotated[list[Word] | None, OneOrMore] = None
    """End before any of these texts."""
    frequency_penalty: float | None = None
    """Make a token less likely for each time it was written."""
    presence_penalty: float | None = None
    """Make tokens that were written less likely."""
    logit_bias: dict[str, float] | None = None
    """Make tokens, by their number, more or less likely; -100 forbids."""
    stream_options: StreamOptions | None = None

    @property
    def num_choices(self) -> int:
        """How many completions each prompt gets."""
        return self.n or 1

    @property
    def includes_usage(self) -> bool:
        """Whether a stream ends with the usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def most_tokens(self) -> int | None:
        """Where the completion is cut."""
        return self.max_tokens

    def parameters(self) -> dict[str, Any]:
        """Return the sampling parameters that are set, as `POST /infer` names them."""
        named = {name: getattr(self, name) for name in _SAME_NAME}
        named["max_tokens"] = self.most_tokens
        named["stop"] = self.stop
        named["seed"] = None if self.seed is None else self.seed % SEEDS
        given = {name: value for name, value in named.items() if value is not None}
        return {**super().parameters(), **given}
