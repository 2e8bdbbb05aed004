"""The body of `POST /infer`: strict, bounded, and nothing in it is a state of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.errors import InvalidRequest, PassagesTooLong, PenstockError, PromptTooLong
from app.exchange import Exchange, Message
from app.routes.fields import Body, Title, Word
from app.routes.json_body import render
from app.routes.parameters import Parameters
from app.settings import LimitSettings
from filters import Passage

__all__ = ["Body", "GivenPassage", "InferRequest", "Parameters", "Turn", "Word", "inline_schema"]


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

    def in_own_words(self, error: PenstockError) -> PenstockError:
        """Name the field that was given where the model finds the question too long."""
        if isinstance(error, PromptTooLong):
            error.param = self.asked_in
        return error

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


def body_docs(model: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI entry of a body that the route reads itself."""
    schema = inline_schema(model)
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


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
