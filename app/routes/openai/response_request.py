"""The body of `POST /v1/responses`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from app.errors import Unsupported
from app.routes.fields import Body
from app.routes.openai.conversation import turns_of
from app.routes.openai.formats import schema_of
from app.routes.openai.request import TextRequest

LOGPROBS = "message.output_text.logprobs"


def _as_message(value: Any) -> Any:
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


_QUESTION = BeforeValidator(_as_message, json_schema_input_type=str | list[dict[str, Any]])


class TextOptions(Body):
    """What the text looks like."""

    format: dict[str, Any] | None = None
    """`text`, `json_object` or `json_schema`."""
    verbosity: Any = None
    """Accepted if it is `medium`: the models write as they write."""


class ResponseRequest(TextRequest):
    """A question, or a conversation whose last `user` message is the question."""

    question_field = "input"
    schema_field = "text.format"
    ignored = frozenset(
        {
            "max_tool_calls",
            "parallel_tool_calls",
            "prompt_cache_key",
            "prompt_cache_options",
            "prompt_cache_retention",
            "service_tier",
            "store",
            "stream_options",
            "truncation",
        }
    )
    refused: ClassVar[dict[str, tuple[Any, ...]]] = {
        "background": (False,),
        "context_management": ([],),
        "conversation": (),
        "moderation": (),
        "previous_response_id": (),
        "prompt": (),
        "reasoning": ({}, {"effort": None}, {"effort": "none"}),
        "tool_choice": ("auto", "none"),
        "tools": ([],),
    }

    input: Annotated[list[dict[str, Any]], _QUESTION]
    """The question as one text, or messages as those of chat completions."""
    instructions: str | None = None
    """A system message in front of the input."""
    max_output_tokens: int | None = None
    """Most tokens to write."""
    text: TextOptions | None = None
    """What the text looks like."""
    include: list[str] | None = None
    """`message.output_text.logprobs` tells log-probabilities; whatever else, there is none of."""
    top_logprobs: int | None = Field(None, ge=0, le=20)
    """Tell log-probabilities, and those of so many of the likeliest tokens in each place."""

    def conversations(self) -> list[list[dict[str, str]]]:
        """Return the one prompt's messages."""
        if self.text and self.text.verbosity not in (None, "medium"):
            raise Unsupported(param="text.verbosity")
        first = [{"role": "system", "content": self.instructions}] if self.instructions else []
        return [[*first, *turns_of(self.input, "input")]]

    @property
    def wanted_logprobs(self) -> int | None:
        """How many alternatives to each token are asked for, if log-probabilities are."""
        if self.top_logprobs is None and LOGPROBS not in (self.include or ()):
            return None
        return self.top_logprobs or 0

    @property
    def length_field(self) -> str:
        """The field that says where the completion is cut."""
        return "max_output_tokens"

    def json_schema(self) -> dict[str, Any] | None:
        """Return what the completion must follow."""
        wanted = self.text.format if self.text else None
        return schema_of(wanted, self.schema_field, is_nested=False)

    def parameters(self) -> dict[str, Any]:
        """Return the sampling parameters that are set, as `POST /infer` names them."""
        most = {} if self.max_output_tokens is None else {"max_tokens": self.max_output_tokens}
        return {**super().parameters(), **most}
