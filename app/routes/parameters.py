"""The `parameters` of a request: how a model picks its words."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from app.routes.fields import Body, Chars, Word

STOPS = 8
MAX_TOKENS = 4_096
BIASED_TOKENS = 1_024
TOKEN_DIGITS = 7
GRAMMAR_CHARS = 8_192


def _check_bias(bias: Any) -> Any:
    """Hold `logit_bias` to its bounds here: an error further in would name the client's keys."""
    if not isinstance(bias, dict):
        return bias
    if len(bias) > BIASED_TOKENS:
        raise ValueError(f"At most {BIASED_TOKENS} tokens can be biased")
    for token, add in bias.items():
        if not (token.isascii() and token.isdigit() and len(token) <= TOKEN_DIGITS):
            raise ValueError("Tokens are named by their numbers")
        if isinstance(add, bool) or not isinstance(add, int | float) or not -100 <= add <= 100:
            raise ValueError("A bias is a number from -100 to 100")
    return bias


class Parameters(Body):
    """How a text generation model picks its words; other models read only what concerns them."""

    max_tokens: int = Field(256, ge=1, le=MAX_TOKENS)
    """Most tokens to write."""
    min_tokens: int = Field(0, ge=0, le=MAX_TOKENS)
    """No end and no stop text counts before this many tokens."""
    temperature: float = Field(0.0, ge=0, le=2)
    """0 always takes the likeliest token."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Keep the likeliest tokens that together have this probability."""
    top_k: int = Field(0, ge=0, le=1_000)
    """Keep this many of the likeliest tokens; 0 keeps all."""
    min_p: float = Field(0.0, ge=0, le=1)
    """Least probability, as a share of the likeliest token's."""
    repetition_penalty: float = Field(1.0, ge=0.1, le=10)
    """Above 1, tokens of the prompt and the completion become less likely."""
    presence_penalty: float = Field(0.0, ge=-2, le=2)
    """Taken once from the logits of tokens that the completion has."""
    frequency_penalty: float = Field(0.0, ge=-2, le=2)
    """Taken from the logits of tokens for each time that the completion has them."""
    logit_bias: Annotated[dict[str, float], BeforeValidator(_check_bias)] = Field(
        default_factory=dict, examples=[{"1734": -100}]
    )
    """Added to the logits of tokens, by their numbers; -100 forbids."""
    seed: int | None = Field(None, ge=0, lt=2**63)
    """The same seed gives the same text again."""
    stop: list[Word] = Field(default_factory=list, max_length=STOPS)
    """End before any of these texts."""
    logprobs: int | None = Field(None, ge=0, le=20)
    """Tell each token's log-probability, with so many of the likeliest alternatives."""
    json_schema: dict[str, Any] | None = None
    """Write JSON that follows this schema."""
    regex: Annotated[str, Chars(1, GRAMMAR_CHARS)] | None = None
    """Write a text that matches this regular expression as a whole."""
    grammar: Annotated[str, Chars(1, GRAMMAR_CHARS)] | None = None
    """Write a text that this grammar in llguidance's dialect of Lark produces."""
    raw: bool = False
    """Continue the prompt as it stands, without the model's prompt template."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.min_tokens > self.max_tokens:
            raise ValueError("min_tokens may not be more than max_tokens")
        forms = (self.json_schema, self.regex, self.grammar)
        if sum(form is not None for form in forms) > 1:
            raise ValueError("Give at most one of json_schema, regex and grammar")
        return self
