"""What all requests for text have in common, and how they become exchanges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BeforeValidator, Field, ValidationError

from app.engine import Task
from app.errors import InvalidRequest, ModelNotFound, PenstockError, PromptTooLong, Unsupported
from app.exchange import Exchange
from app.routes.answers import error_docs
from app.routes.fields import Body, Word
from app.routes.openai.choices import Choice
from app.routes.schemas import GivenPassage, InferRequest
from app.routes.service import Service
from app.routes.validation import invalid
from app.store.keys import ApiKey

MAX_CHOICES = 8
SEEDS = 2**63
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
    **error_docs(400, 401, 403, 404, 408, 413, 415, 500, 503, 504),
}
"""What the routes that write text answer, for their description."""

# Members of `InferRequest.parameters` that have the same name in every request.
_SAME_NAME = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "min_tokens",
    "repetition_penalty",
    "regex",
    "grammar",
)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


OneOrMore = BeforeValidator(_listed, json_schema_input_type=str | list[str])
"""Takes a text for a list of one. A union would put its types' names into errors."""


class TextRequest(Body):
    """Base of the requests for text. Their own part is what a subclass adds and overrides."""

    ignored: ClassVar[frozenset[str]] = frozenset()
    """Fields that are accepted and cannot change the answer."""
    refused: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    """Fields that ask for something that is not done here, with the values that do not."""
    question_field: ClassVar[str] = "messages"
    schema_field: ClassVar[str] = "response_format"

    model: Word | None = None
    """The bundle to ask, `name` or `name@version`; the server's default when left out."""
    temperature: float | None = None
    """0, the default, always takes the likeliest token."""
    top_p: float | None = None
    """Keep the likeliest tokens that together have this probability."""
    user: Word | None = None
    """Who asks, in your own words; kept in the log."""
    safety_identifier: Word | None = None
    """Stands in for `user` where that is missing."""
    metadata: dict[str, Any] | None = None
    """Anything else worth keeping in the log."""
    stream: bool | None = None
    """Answer as server-sent events."""
    top_k: int | None = None
    """Not of OpenAI's: keep this many of the likeliest tokens."""
    min_p: float | None = None
    """Not of OpenAI's: least probability, as a share of the likeliest token's."""
    min_tokens: int | None = None
    """Not of OpenAI's: write at least so many tokens."""
    repetition_penalty: float | None = None
    """Not of OpenAI's: make tokens of the prompt and the completion less likely."""
    regex: str | None = None
    """Not of OpenAI's: write a text that matches this regular expression as a whole."""
    grammar: str | None = None
    """Not of OpenAI's: write a text of this grammar, in llguidance's dialect of Lark."""
    passages: list[GivenPassage] = Field(default_factory=list)
    """Not of OpenAI's: passages to answer from, as in `POST /infer`."""
    session: Word | None = None
    """Not of OpenAI's: which conversation this belongs to; kept in the log."""

    @classmethod
    def read(cls, content: Any) -> Self:
        """Check a body.

        Raises:
            InvalidRequest: it is not such a request.
            Unsupported: it asks for something that is not done here.
        """
        if isinstance(content, dict):
            content = cls._without_what_changes_nothing(content)
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise invalid(error) from None

    @classmethod
    def _without_what_changes_nothing(cls, content: dict[str, Any]) -> dict[str, Any]:
        for name, harmless in cls.refused.items():
            value = content.get(name)
            if value is not None and value not in harmless:
                raise Unsupported(param=name)
        left_out = cls.ignored | cls.refused.keys()
        return {name: value for name, value in content.items() if name not in left_out}

    def conversations(self) -> list[list[dict[str, str]]]:
        """Return the messages of each prompt."""
        raise NotImplementedError

    @property
    def length_field(self) -> str:
        """The field that says where the completion is cut."""
        return "max_tokens"

    @property
    def num_choices(self) -> int:
        """How many completions each prompt gets."""
        return 1

    @property
    def wanted_logprobs(self) -> int | None:
        """How many alternatives to each token are asked for; None asks for no log-probability."""
        return None

    def json_schema(self) -> dict[str, Any] | None:
        """Return what the completion must follow."""
        return None

    def parameters(self) -> dict[str, Any]:
        """Return the sampling parameters that are set, as `POST /infer` names them."""
        named = {name: getattr(self, name) for name in _SAME_NAME}
        named |= {"logprobs": self.wanted_logprobs}
        if (schema := self.json_schema()) is not None:
            named["json_schema"] = schema
        return {name: value for name, value in named.items() if value is not None}

    def to_choices(self, service: Service, key: ApiKey) -> list[Choice]:
        """Return the exchanges that this request begins, all checked.

        Raises:
            InvalidRequest: something is out of bounds.
            ModelNotFound: the model is not served.
            Unsupported: the model, or the chain of filters, does not allow what is asked for.
        """
        self._check_model(service)
        conversations, parameters = self.conversations(), self.parameters()
        if not 1 <= len(conversations) * self.num_choices <= MAX_CHOICES:
            raise InvalidRequest(f"1 to {MAX_CHOICES} completions can be asked for.", param="n")
        choices: list[Choice] = []
        for prompt, messages in enumerate(conversations):
            asked = self._ask(messages, parameters)
            asked.check(service.settings.limits)
            for number in range(self.num_choices):
                exchange = asked.to_exchange(service.settings.model, key.id)
                _vary(exchange, number)
                choices.append(Choice(len(choices), prompt, exchange))
        return choices

    def _ask(self, messages: list[dict[str, str]], parameters: dict[str, Any]) -> InferRequest:
        try:
            return InferRequest.model_validate(
                {
                    "messages": messages,
                    "model": self.model,
                    "parameters": parameters,
                    "passages": self.passages,
                    "user": self.user or self.safety_identifier,
                    "session": self.session,
                    "metadata": self.metadata or {},
                }
            )
        except ValidationError as error:
            raise self.in_own_words(invalid(error)) from None

    def in_own_words(self, error: PenstockError) -> PenstockError:
        """Name the field as this request does."""
        if isinstance(error, PromptTooLong):
            error.param = self.question_field
        elif error.param and error.param.startswith("parameters."):
            name = error.param.removeprefix("parameters.")
            other = {"max_tokens": self.length_field, "json_schema": self.schema_field}
            error.param = other.get(name, name)
        return error

    def _check_model(self, service: Service) -> None:
        engine = service.engines.get(self.model or service.settings.model)
        if engine is None:
            raise ModelNotFound(param="model")
        if engine.task is not Task.TEXT_GENERATION:
            self._check_needs_no_generator()
        if self.wanted_logprobs and service.pipeline.guards_output:
            raise Unsupported(
                "Alternatives to the tokens that were written pass no filter, and this server "
                "has filters that may block or change what is written.",
                param="top_logprobs",
            )

    def _check_needs_no_generator(self) -> None:
        wanted = {
            self.schema_field: self.json_schema(),
            "regex": self.regex,
            "grammar": self.grammar,
            "logprobs": self.wanted_logprobs,
        }
        for name, value in wanted.items():
            if value is not None:
                raise Unsupported("Only models that generate text do this.", param=name)


def _vary(exchange: Exchange, number: int) -> None:
    """Give each completion of a prompt a seed of its own."""
    seed = exchange.parameters.get("seed")
    if number and seed is not None:
        exchange.parameters = {**exchange.parameters, "seed": (seed + number) % SEEDS}
