"""The body of `POST /infer`: strict, bounded, and nothing in it is a state of the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import core_schema

from app.errors import InvalidRequest, PassagesTooLong, PromptTooLong
from app.exchange import Exchange, Message
from app.routes.json_body import render
from app.settings import LimitSettings
from filters import Passage

WORD_CHARS = 256
STOPS = 8


@dataclass(frozen=True)
class Chars:
    """How many characters a text may have.

    Pydantic's own bounds refuse lone surrogates, which JSON may hold.
    """

    least: int
    most: int

    def check(self, text: str) -> str:
        """Return the text if it fits."""
        if not self.least <= len(text) <= self.most:
            raise ValueError(f"This must have {self.least} to {self.most} characters")
        return text

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Check the length after it is known to be a string."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell the bounds to the reader of the schema."""
        return {**handler(schema), "minLength": self.least, "maxLength": self.most}


Word = Annotated[str, Chars(1, WORD_CHARS)]
Title = Annotated[str, Chars(0, WORD_CHARS)]


class Body(BaseModel):
    """Base of everything in a request: no coercion, no unknown field."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Turn(Body):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    """Who said it."""
    content: str
    """What was said."""


class GivenPassage(Body):
    """A passage that the client sends along; the server then searches its sources for none."""

    text: str
    """The passage itself."""
    source: Word = "request"
    """Name of its source, for the citation."""
    title: Title = ""
    """Heading it stands under."""


class Parameters(Body):
    """How a text generation model picks its words; other models read only what concerns them."""

    max_tokens: int = Field(256, ge=1, le=4_096)
    """Most tokens to write."""
    temperature: float = Field(0.0, ge=0, le=2)
    """0 always takes the likeliest token."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Keep the likeliest tokens that together have this probability."""
    top_k: int = Field(0, ge=0, le=1_000)
    """Keep this many of the likeliest tokens; 0 keeps all."""
    seed: int | None = Field(None, ge=0, lt=2**63)
    """The same seed gives the same text again."""
    stop: list[Word] = Field(default_factory=list, max_length=STOPS)
    """End before any of these texts."""


class InferRequest(Body):
    """A question to the model: either `prompt` or `messages`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"prompt": "How do I add a filter?"}]},
        title="InferRequest",
    )

    prompt: str | None = None
    """The question, as one text."""
    messages: list[Turn] | None = None
    """The question as a conversation; its last `user` message is what is asked."""
    model: Word | None = None
    """The bundle to ask, `name` or `name@version`; the server's default when left out."""
    parameters: Parameters = Field(default_factory=Parameters)
    """Sampling of text generation."""
    passages: list[GivenPassage] = Field(default_factory=list)
    """Passages to answer from; the server then searches its sources for none."""
    user: Word | None = None
    """Who asks, in your own words; kept in the log."""
    session: Word | None = None
    """Which conversation this belongs to; kept in the log."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Anything else worth keeping in the log."""
    stream: bool = False
    """Answer as server-sent events."""

    @model_validator(mode="after")
    def _asks_once(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("Give either prompt or messages")
        return self

    @property
    def asked_in(self) -> str:
        """The name of the field that holds the question."""
        return "messages" if self.prompt is None else "prompt"

    def to_exchange(self, default_model: str, key_id: UUID | None) -> Exchange:
        """Return the exchange that this request begins."""
        turns = self.messages or [Turn(role="user", content=self.prompt or "")]
        return Exchange(
            messages=tuple(Message(turn.role, turn.content) for turn in turns),
            model=self.model or default_model,
            parameters=self.parameters.model_dump(exclude_unset=True),
            passages=tuple(
                Passage(f"request-{index}", given.text, given.source, given.title)
                for index, given in enumerate(self.passages)
            ),
            user=self.user,
            session=self.session,
            metadata=self.metadata,
            key_id=key_id,
        )

    def check(self, limits: LimitSettings) -> None:
        """Hold the request against the server's limits.

        Raises:
            PromptTooLong: all messages together have too many characters.
            PassagesTooLong: all passages together have.
            InvalidRequest: there is no question, or too much of something else.
        """
        messages = self.messages or []
        question = self.prompt
        if question is None:
            question = next((t.content for t in reversed(messages) if t.role == "user"), "")
        _require(bool(question.strip()), self.asked_in, "There is no question.")
        _require(len(messages) <= limits.messages, "messages", f"At most {limits.messages}.")
        _require(len(self.passages) <= limits.passages, "passages", f"At most {limits.passages}.")
        _require(
            not self.metadata or len(render(self.metadata)) <= limits.metadata_bytes,
            "metadata",
            f"At most {limits.metadata_bytes} bytes as JSON.",
        )
        if len(self.prompt or "") + sum(len(t.content) for t in messages) > limits.prompt_chars:
            message = f"The prompt has more than {limits.prompt_chars} characters."
            raise PromptTooLong(message, param=self.asked_in)
        if sum(len(passage.text) for passage in self.passages) > limits.passages_chars:
            message = f"The passages have more than {limits.passages_chars} characters."
            raise PassagesTooLong(message, param="passages")


def _require(holds: bool, param: str, message: str) -> None:
    if not holds:
        raise InvalidRequest(message, param=param)


def inline_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON schema without references, to stand inside an OpenAPI document."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    inlined: dict[str, Any] = _resolve(schema, lambda name: definitions[name])
    return inlined


def _resolve(node: Any, definition: Callable[[str], Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            merged = {**definition(node["$ref"].rsplit("/", 1)[-1]), **node}
            merged.pop("$ref")
            return _resolve(merged, definition)
        return {key: _resolve(value, definition) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolve(value, definition) for value in node]
    return node
